"""DeepCluster-v2: cross-entropy with the clusters of the last epoch's embeddings, which every step replaces."""

import torch
from torch.nn.functional import normalize

from methods.clusters import UNKNOWN
from tests.methods.built import BATCH, built, made_up

ITEMS = [5, 3, 11, 0, 9, 2, 7, 1]


def clustered(**config):
    """After the pass before the first epoch, over one batch of a corpus of twelve images."""
    run, views = built("deepcluster_v2", images=12, prototypes=4, projection_dim=3, **config), made_up(2)
    run.method.before_epoch(run.module, run.progress(items=()), iter([(ITEMS, views)]))
    return run, views


def test_all_images_are_embedded_and_clustered_before_the_first_epoch():
    run, views = clustered()
    memory = run.module["memory"]
    for bank, z in zip(memory.embeddings, run.projections(views), strict=True):
        torch.testing.assert_close(bank[ITEMS], normalize(z, dim=1))
    assert (memory.clusters[:, [4, 6, 8, 10]] == UNKNOWN).all()
    for number, head in enumerate(run.module["prototypes"].heads):
        scores = memory.embeddings[number % 2, ITEMS] @ head.weight.T
        assert torch.equal(scores.argmax(1), memory.clusters[number, ITEMS])


def test_later_epochs_read_no_batch():
    run, _ = clustered()

    def batches():
        raise AssertionError("asked for")
        yield

    run.method.before_epoch(run.module, run.progress(5, 1, ()), batches())


def test_loss_is_the_cross_entropy_of_every_view_in_every_set():
    run, views = clustered(temperature=0.3)
    total = 0.0
    clusters = run.module["memory"].clusters[:, ITEMS].clone()
    for head, assigned in zip(run.module["prototypes"].heads, clusters, strict=True):
        for z in run.projections(views):
            scores = normalize(z, dim=1) @ head.weight.T / 0.3
            total += sum(scores[b].exp().sum().log() - scores[b, assigned[b]] for b in range(BATCH)) / (2 * BATCH)
    torch.testing.assert_close(run.loss(views, items=ITEMS), total / 3, atol=1e-5, rtol=1e-5)


def test_a_step_replaces_the_embeddings_and_leaves_clusters_and_prototypes():
    run, _ = clustered()
    memory = run.module["memory"]
    clusters, new = memory.clusters.clone(), made_up(4)[2:]
    loss = run.loss(new, items=ITEMS)
    loss.backward()
    for bank, z in zip(memory.embeddings, run.projections(new), strict=True):
        torch.testing.assert_close(bank[ITEMS], normalize(z, dim=1))
    assert torch.equal(memory.clusters, clusters)
    assert all(not head.weight.requires_grad for head in run.module["prototypes"].heads)
    with torch.no_grad():
        kept = memory.embeddings.clone()
        run.loss(made_up(2), items=ITEMS)
        assert torch.equal(memory.embeddings, kept)


def test_images_without_a_cluster_are_left_out():
    run, views = clustered()
    with torch.no_grad():
        known = run.loss([v[:4] for v in views], items=ITEMS[:4])
        mixed = run.loss(views, items=[*ITEMS[:4], 4, 6, 8, 10])
    torch.testing.assert_close(known, mixed)


def test_local_views_predict_too_and_are_not_remembered():
    run, views = clustered(local_views=1)
    local = made_up(1, side=16)
    loss = run.loss([*views, *local], items=ITEMS)
    assert torch.isfinite(loss)
    assert len(run.module["memory"].embeddings) == 2
