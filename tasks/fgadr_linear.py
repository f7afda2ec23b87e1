"""Grading of diabetic retinopathy on fundus photographs: frozen encoder and one linear layer."""

from bench.core.task import Task
from tasks.fgadr import FGADR

TASK = Task(
    name="fgadr_linear",
    data=FGADR,
    kind="classification",
    protocol="linear",
    metric="accuracy",
    paper={"task": {"image_size": 512}, "protocol": {"lr": 5e-4, "epochs": 20, "batch_size": 32, "hidden": (512, 128)}},
)
