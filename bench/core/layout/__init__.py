"""How a data set lies on disk, as a file declares it: the base class of layouts."""

from bench.core.layout.base import Layout as Layout
