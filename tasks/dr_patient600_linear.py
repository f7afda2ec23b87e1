"""A stand-in for FGADR, on other fundus photographs: frozen encoder and one linear layer. No task of the benchmark."""

from bench.core.task import Task
from tasks import fgadr_linear
from tasks.dr_patient600 import DR_PATIENT600

TASK = Task(
    name="dr_patient600_linear",
    data=DR_PATIENT600,
    kind="classification",
    protocol="linear",
    metric="accuracy",
    paper=fgadr_linear.TASK.paper,
)
