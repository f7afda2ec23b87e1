"""The detectron2 engine beside torchvision's; without detectron2, the error that says how to get it."""

import sys
from importlib.util import find_spec

import pytest
import torch

from bench.core.errors import StorageError, UsageError
from bench.models.build import build_backbone
from bench.models.checkpoints import load_encoder, save_encoder
from tests.tasks.detection.test_detection import IDS, supervised
from tests.tasks.detection.worlds import both_engines, cases_of, installed, kind_of


@pytest.mark.skipif(find_spec("detectron2") is not None, reason="detectron2 is installed")
def test_without_detectron2_the_error_says_how_to_install_it():
    with pytest.raises(UsageError, match=r"not installed[\s\S]*pip install .*detectron2\.git"):
        kind_of(engine="detectron2")


def test_a_detectron2_that_does_not_load_is_one_error(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "detectron2"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "detectron2" / "modeling").mkdir(parents=True)
    (tmp_path / "detectron2" / "__init__.py").touch()
    (tmp_path / "detectron2" / "modeling" / "__init__.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"does not load: No module named 'no_such_package'"):
        kind_of(engine="detectron2")
    sys.modules.pop("detectron2")


@installed
def test_training_learns(tmp_path):
    kind = kind_of(tmp_path / "cache", engine="detectron2")
    run = supervised(kind, cases_of(tmp_path, IDS), epochs=25)
    scores = kind.score(run.split.test, run.fit("x").predictions)
    assert scores["ap50"] > 0.5
    said = kind.provenance()["detection"]
    assert (said["engine"], said["norm"]) == ("detectron2", "batch")
    assert said["version"][0].isdigit()


@installed
def test_what_the_documents_say_of_its_losses():
    kind = kind_of(engine="detectron2")
    head = kind.build_head(kind.adapt_backbone(build_backbone("resnet18"), frozen=False))
    predictor = head.boxes.box_predictor
    for part in (head.proposals, predictor):
        assert (part.box_reg_loss_type, part.smooth_l1_beta) == ("smooth_l1", 0), "this is L1"
        assert set(part.loss_weight.values()) == {1.0}
    assert head.proposals.batch_size_per_image == 256
    assert float(predictor.cls_score.weight.detach().std()) == pytest.approx(0.01, rel=0.3)
    assert float(predictor.bbox_pred.weight.detach().std()) == pytest.approx(0.001, rel=0.3)


@installed
def test_both_engines_take_the_same_encoder_data_and_losses(tmp_path):
    """Same weights, features and targets: the same anchors and four losses of the same size before training."""
    cases = cases_of(tmp_path, IDS)
    losses, grids = {}, {}
    for engine in ("torchvision", "detectron2"):
        run = supervised(kind_of(engine=engine), cases, seed=0)
        images, target = next(iter(run._in_order("validation")))
        run.model.train()
        losses[engine] = torch.stack([*run.model(images, target).values()]).detach()
        maps = run.model.head.pyramid(run.model.backbone(images))
        grids[engine] = _anchors(engine, run.model.head.proposals.anchor_generator, maps)
    for one, other in zip(*grids.values(), strict=True):
        assert torch.allclose(one, other, atol=0.51), "torchvision rounds its anchors"
    assert all(loss.shape == (4,) and torch.isfinite(loss).all() for loss in losses.values())
    assert float(losses["torchvision"].sum()) == pytest.approx(float(losses["detectron2"].sum()), rel=0.3)


def _anchors(engine, generator, maps):
    values = list(maps.values())
    if engine == "detectron2":
        return [boxes.tensor for boxes in generator(values)]
    from torchvision.models.detection.image_list import ImageList

    per_image = generator(ImageList(torch.zeros(1, 3, 64, 64), [(64, 64)]), values)[0]
    return per_image.split([3 * v.shape[-2] * v.shape[-1] for v in values])


@both_engines
def test_every_weight_of_a_checkpoint_arrives_and_a_missing_one_is_named(tmp_path, engine):
    torch.manual_seed(5)
    source = build_backbone("resnet18")
    with torch.no_grad():
        source(torch.randn(4, 3, 32, 32))
    save_encoder(tmp_path / "encoder.safetensors", source, {})
    encoder = build_backbone("resnet18")
    load_encoder(tmp_path / "encoder.safetensors", encoder)
    kind = kind_of(engine=engine)
    adapted = kind.adapt_backbone(encoder, frozen=False)
    kind.build_head(adapted)
    weights = {k: v for k, v in source.state_dict().items() if not k.endswith("num_batches_tracked")}
    found = adapted.state_dict()
    assert set(found) == set(weights)
    assert all(torch.equal(found[k], v) for k, v in weights.items())
    assert kind._norm == "frozen"
    lame = build_backbone("resnet18")
    del lame.layer3
    save_encoder(tmp_path / "lame.safetensors", lame, {})
    with pytest.raises(StorageError, match=r"30 keys missing \(layer3\.0\.bn1\.bias, .*Was it made for another"):
        load_encoder(tmp_path / "lame.safetensors", build_backbone("resnet18"))
