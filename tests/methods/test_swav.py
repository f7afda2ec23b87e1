"""SwAV: assignments and loss are the paper's, the queue shares assignments once it is full, prototypes are unit."""

import math

import pytest
import torch
from torch.nn.functional import log_softmax, normalize

from tests.methods.built import BATCH, built, made_up

CONFIG = {"prototypes": 5, "projection_dim": 4, "temperature": 0.2, "epsilon": 0.1, "queue_length": 0}


def assign(scores, epsilon, iterations):
    """Q of Eq. 3 to 5, row by row: rows (prototypes) sum to B / K, columns (images) to 1, in turns."""
    q = (scores / epsilon).exp()  # (B, K)
    b, k = q.shape
    for _ in range(iterations):
        q = q / q.sum(0, keepdim=True) * (b / k)
        q = q / q.sum(1, keepdim=True)
    return q


def swapped(scores, config, earlier=None):
    """Mean over the two assigned views of the cross-entropy that all other views have with their assignment (Eq. 2)."""
    total = 0.0
    for i in range(2):
        shown = scores[i] if earlier is None else torch.cat([scores[i], earlier[i]])
        q = assign(shown, config.epsilon, config.iterations)[:BATCH]
        others = [s for v, s in enumerate(scores) if v != i]
        losses = [-(q * log_softmax(s / config.temperature, 1)).sum(1).mean() for s in others]
        total += sum(losses) / len(losses) / 2
    return total


def scores_of(run, views):
    weight = run.module["prototypes"].heads[0].weight
    return [(normalize(z, dim=1) @ weight.T).detach() for z in run.projections(views)]


def test_loss_is_that_of_the_paper_over_global_and_local_views():
    run, views = built("swav", **CONFIG), made_up(4)
    expected = swapped(scores_of(run, views), run.method.config)
    torch.testing.assert_close(run.loss(views).detach(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("step", "epoch", "used"), [(3, 1, True), (2, 1, False), (3, 0, False)])
def test_a_full_queue_shares_the_assignments_from_its_epoch_on(step, epoch, used):
    run = built("swav", **{**CONFIG, "queue_length": 20, "queue_epoch": 1})  # full after 3 batches of 8
    views, earlier = made_up(4)[2:], made_up(2)
    for number in range(3):
        run.loss([v + number for v in earlier], number)
    kept = [run.module["queues"].banks[i].bank.clone() for i in range(2)]
    weight = run.module["prototypes"].heads[0].weight.detach()
    stored = [k @ weight.T for k in kept] if used else None
    expected = swapped(scores_of(run, views), run.method.config, stored)
    torch.testing.assert_close(run.loss(views, step, epoch).detach(), expected, atol=1e-5, rtol=1e-5)


def test_the_queue_holds_projections_of_its_own_view_and_is_part_of_the_state():
    run, views = built("swav", **{**CONFIG, "queue_length": 2 * BATCH}), made_up(3)
    run.loss(views)
    for bank, z in zip(run.module["queues"].banks, run.projections(views[:2]), strict=True):
        torch.testing.assert_close(bank.bank[:BATCH], normalize(z, dim=1))
    assert {f"queues.banks.{i}.{part}" for i in (0, 1) for part in ("bank", "bank_ptr")} <= set(run.module.state_dict())


def test_a_batch_as_large_as_the_queue_has_none():
    run, views = built("swav", **{**CONFIG, "queue_length": BATCH}), made_up(2)
    before = run.module["queues"].banks[0].bank.clone()
    run.loss(views, step=9, epoch=1)
    assert torch.equal(run.module["queues"].banks[0].bank, before)


def test_prototypes_have_unit_length_no_bias_and_stay_in_the_first_epoch():
    run = built("swav", **CONFIG)
    (head,) = run.module["prototypes"].heads
    assert head.bias is None
    for epoch, fixed in ((0, True), (1, False)):
        run.module.zero_grad()
        run.loss(made_up(2), epoch=epoch).backward()
        run.method.before_step(run.module, run.progress(1, epoch))
        assert (head.weight.grad is None) == fixed
    with torch.no_grad():
        head.weight.mul_(3)
    run.method.after_step(run.module, run.progress(1))
    torch.testing.assert_close(head.weight.norm(dim=1), torch.ones(5))


def test_local_crops_are_beside_two_global_ones_drawn_alike():
    first, second, *local = built("swav", local_views=3, local_ratio=0.5).method.augmentations(48)
    assert first == second
    assert [a.size for a in local] == [24] * 3
    assert math.isclose(local[0].scale[1], first.scale[0])
