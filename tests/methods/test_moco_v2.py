"""MoCo-v2: the loss is Eq. 1 of the paper, the queue is first in, first out, the teacher follows by the closed form."""

import pytest
import torch
from torch.nn.functional import normalize

from tests.methods.built import BATCH, built, made_up


def bank(run):
    return run.module["criterion"].memory_bank


def info_nce(queries, keys, negatives, temperature):
    """Mean of -log exp(q.k / t) / (exp(q.k / t) + sum over the queue of exp(q.n / t)) (v1, Eq. 1)."""
    losses = []
    for q, k in zip(queries, keys, strict=True):
        scores = torch.stack([q @ k, *(q @ n for n in negatives)]) / temperature
        losses.append(-(scores[0] - scores.exp().sum().log()))
    return torch.stack(losses).mean()


def test_loss_is_that_of_the_paper():
    run, views = built("moco_v2", temperature=0.3, queue_length=20), made_up(2)
    negatives = bank(run).bank.clone()
    keys = run.module["teacher"]["head"](run.module["teacher"]["backbone"](views[1]).pooled)
    q, k = (normalize(z, dim=1) for z in (*run.projections(views[:1]), keys))
    torch.testing.assert_close(run.loss(views), info_nce(q, k, negatives, 0.3), atol=1e-5, rtol=1e-5)


def test_the_queue_takes_in_keys_and_lets_the_oldest_go():
    run = built("moco_v2", queue_length=2 * BATCH)
    first, second, third = (made_up(6)[i : i + 2] for i in (0, 2, 4))
    for views in (first, second, third):
        run.loss(views)
    expected = []
    for views in (third, second):  # the third batch took the place of the first
        teacher = run.module["teacher"]
        expected.append(normalize(teacher["head"](teacher["backbone"](views[1]).pooled), dim=1))
    torch.testing.assert_close(bank(run).bank, torch.cat(expected))
    assert int(bank(run).bank_ptr) == BATCH


def test_the_queue_is_part_of_the_state_and_waits_for_steps_alone():
    run, views = built("moco_v2", queue_length=20), made_up(2)
    run.loss(views)
    kept = {k: v.clone() for k, v in run.module.state_dict().items()}
    assert {"criterion.memory_bank.bank", "criterion.memory_bank.bank_ptr"} <= set(kept)
    with torch.no_grad():
        run.loss(views)
    assert torch.equal(bank(run).bank, kept["criterion.memory_bank.bank"])
    fresh = built("moco_v2", queue_length=20)
    fresh.module.load_state_dict(kept)
    assert torch.equal(bank(fresh).bank, bank(run).bank)


def test_teacher_follows_by_the_closed_form_and_has_no_gradient():
    run = built("moco_v2", momentum=0.9)
    with torch.no_grad():
        for parameter in run.module.parameters():
            if parameter.requires_grad:
                parameter.add_(1.0)
    before = [p.clone() for p in run.module["teacher"].parameters()]
    run.loss(made_up(2)).backward()
    run.method.after_step(run.module, run.progress(1))
    student = [p for part in ("backbone", "head") for p in run.module[part].parameters()]
    for s, t, old in zip(student, run.module["teacher"].parameters(), before, strict=True):
        torch.testing.assert_close(t, 0.9 * old + 0.1 * s)
        assert t.grad is None
        assert s.grad is not None


@pytest.mark.parametrize(("groups", "parts"), [(1, 1), (2, 2), (4, 4), (8, 4)])
def test_batch_norms_see_one_group_and_keys_are_shuffled(groups, parts):
    run, (views,) = built("moco_v2", fixed=False, groups=groups), made_up(1)
    queries, keys = run.method.embed(run.module, [views, views])
    alone = torch.cat(run.projections(list(views.chunk(parts))))
    torch.testing.assert_close(queries, alone)
    assert torch.allclose(keys, alone, atol=1e-5) == (parts == 1), "the teacher's parts are others"
