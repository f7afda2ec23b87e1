import torch

from bench.core.task import Box, BoxTarget
from tasks.kinds.detection import targets

TARGET = BoxTarget(200, 100, (Box(1, 20, 10, 60, 50), Box(0, 0, 0, 200, 100)))


def test_there_and_back():
    rows = targets.to_tensor(TARGET, 64, 4)
    assert rows.shape == (4, 5)
    none = targets.to_tensor(BoxTarget(10, 10, ()), 64, 4)
    (boxes, labels), (no_boxes, no_labels) = targets.split(torch.stack([rows, none]))
    assert labels.tolist() == [1, 0]
    assert torch.allclose(boxes, torch.tensor([[6.4, 6.4, 19.2, 32], [0, 0, 64, 64]]))
    assert (no_boxes.shape, no_labels.shape, no_labels.dtype) == ((0, 4), (0,), torch.int64)


def test_flip_mirrors_pixels_and_boxes_alike():
    image = torch.zeros(3, 64, 64)
    image[:, 6:32, 6:19] = 1
    rows = targets.to_tensor(BoxTarget(64, 64, (Box(0, 6, 6, 19, 32),)), 64, 3)
    mirrored, boxes = targets.flip(image, rows)
    ((x0, y0, x1, y1),) = targets.split(boxes[None])[0][0].int().tolist()
    assert (mirrored[:, y0:y1, x0:x1] == 1).all()
    assert mirrored.sum() == image.sum()
    again = targets.flip(mirrored, boxes)
    assert torch.equal(again[0], image)
    assert torch.equal(again[1], rows)


def test_rows_of_a_batch():
    assert targets.most_boxes([TARGET, BoxTarget(1, 1, ())]) == 2
    assert targets.most_boxes([BoxTarget(1, 1, ())]) == targets.most_boxes([]) == 1
