"""The nouns for plugin authors under the name of earlier releases; `import bench` offers the same."""

from bench.core.kind import Features as Features
from bench.core.kind import TaskKind as TaskKind
from bench.core.method import Method as Method
from bench.core.method import MethodConfig as MethodConfig
from bench.core.method import Progress as Progress
from bench.core.settings import OptimizerName as OptimizerName
from bench.core.settings import Settings as Settings
from bench.core.task import Box as Box
from bench.core.task import BoxReader as BoxReader
from bench.core.task import BoxTarget as BoxTarget
from bench.core.task import Case as Case
from bench.core.task import DataSet as DataSet
from bench.core.task import ImageMaskReader as ImageMaskReader
from bench.core.task import Reader as Reader
from bench.core.task import RemarkingReader as RemarkingReader
from bench.core.task import Task as Task
from bench.core.task import Volume as Volume
from bench.core.task import VolumeReader as VolumeReader
