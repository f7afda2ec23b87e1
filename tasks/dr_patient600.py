"""A stand-in for FGADR, on other fundus photographs: grades 0 to 4, fine-tuning. No task of the benchmark."""

from bench.core.task import DataSet, Task
from tasks import fgadr, phantoms
from tasks.readers.graded_images import GradedImages

PATTERN = r"Patient(?P<subject>\d+)[-_][LR]\.jpg"

DR_PATIENT600 = DataSet(
    name="dr_patient600",
    title="Fundus photographs of both eyes, graded 0 to 4 (stand-in for FGADR)",
    reader=GradedImages(fgadr.IMAGES, fgadr.TABLE, "PatientNNN_{L,R}.jpg", PATTERN, fgadr.CLASSES),
    classes=fgadr.GRADES,
    expected_counts={"all": dict(zip(fgadr.GRADES, (276, 99, 168, 34, 16), strict=True))},
    modality="fundus photography",
    citation="none known: the publication of these images could not be found",
    licence="academic use with attribution, as handed on with the copy; not confirmed with an owner",
    obtain=(
        "There is no public address for it that this project could name. It is not needed: it tries the code that "
        "reads and grades FGADR on real photographs. A copy has FGADR's layout, in a folder dr_patient600/."
    ),
    phantom=phantoms.dr_patient600,
    ordered_classes=True,
    stand_in_for="fgadr",
)

TASK = Task(
    name="dr_patient600",
    data=DR_PATIENT600,
    kind="classification",
    protocol="finetune",
    metric="accuracy",
    paper=fgadr.TASK.paper,
)
