"""Brain tumour classification on MRI slices: four classes, frozen encoder and one linear layer."""

from bench.core.task import Task
from tasks.brain_tumor import BRAIN_TUMOR

TASK = Task(
    name="brain_tumor_linear",
    data=BRAIN_TUMOR,
    kind="classification",
    protocol="linear",
    metric="accuracy",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 5e-4, "epochs": 30, "batch_size": 64, "hidden": (512, 256)}},
)
