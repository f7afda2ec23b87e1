import pytest
import torch

from tasks.kinds.segmentation.loss import IGNORE, dice_cross_entropy


def certain(target, n_channels, sigmoid):
    """Logits that say `target` almost surely."""
    if sigmoid:
        return torch.where(target == 1, 20.0, -20.0)
    return torch.nn.functional.one_hot(target[:, 0].long(), n_channels).permute(0, 3, 1, 2) * 40.0 - 20


@pytest.fixture
def labels():
    torch.manual_seed(0)
    return torch.randint(0, 3, (2, 1, 8, 8), dtype=torch.uint8)


@pytest.fixture
def planes():
    torch.manual_seed(0)
    return torch.randint(0, 2, (2, 3, 8, 8), dtype=torch.uint8)


def test_zero_for_certain_and_right(labels, planes):
    assert dice_cross_entropy(certain(labels, 3, False), labels, sigmoid=False) < 1e-4
    assert dice_cross_entropy(certain(planes, 3, True), planes, sigmoid=True) < 1e-4


def test_by_hand_at_zero_logits():
    """Probability one half everywhere: Dice loss 1 - 2 * 0.5 n / (n + 0.5 N), cross-entropy log 2."""
    target = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    target[..., 0] = 1  # n = 4 of N = 16
    loss = dice_cross_entropy(torch.zeros(1, 1, 4, 4), target, sigmoid=True)
    assert float(loss) == pytest.approx(1 - 4 / 12 + 0.6931, abs=1e-3)
    two_channels = dice_cross_entropy(torch.zeros(1, 2, 4, 4), target, sigmoid=False)
    assert float(two_channels) == pytest.approx(float(loss), abs=1e-5), "softmax of two channels is the sigmoid"


@pytest.mark.parametrize("sigmoid", [True, False])
def test_ignored_pixels_have_no_gradient_and_change_nothing(labels, planes, sigmoid):
    target = planes if sigmoid else labels
    target = target.clone()
    target[..., :3] = IGNORE
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    loss = dice_cross_entropy(logits, target, sigmoid=sigmoid)
    loss.backward()
    assert logits.grad[..., :3].abs().max() == 0
    assert logits.grad[..., 3:].abs().max() > 0
    other = logits.detach().clone()
    other[..., :3] = torch.randn(2, 3, 8, 3)
    assert float(dice_cross_entropy(other, target, sigmoid=sigmoid)) == pytest.approx(float(loss.detach()), abs=1e-6)


def test_overlapping_structures_are_independent(planes):
    """With a sigmoid each, the logits of one structure do not touch the gradient of another."""
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    changed = logits.detach().clone()
    changed[:, 0] += 3
    changed.requires_grad_()
    for values in (logits, changed):
        dice_cross_entropy(values, planes, sigmoid=True).backward()
    assert torch.allclose(logits.grad[:, 1:], changed.grad[:, 1:])
