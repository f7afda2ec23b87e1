"""A feed of the device draws what the CPU's loader draws, for any number of workers, and refuses what it cannot do."""

from dataclasses import replace

import pytest
import torch
from lightning.fabric import Fabric
from torchvision import transforms as T

from bench.core.errors import TrainingError
from bench.core.registry import methods
from bench.dev.made_up import losses_of_steps
from bench.engine.loaders import EpochBatches
from bench.pretraining.augment import Augmentation, MultiView, is_declared
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.views.feeding import DeviceFeed, feed
from tests.pretraining.views.conftest import SIDE

CPU = torch.device("cpu")


def dataset_of(corpus, transform=None):
    return ViewDataset(corpus, transform or MultiView(2 * [Augmentation(SIDE)]), SIDE, balance=0)


def test_workers_and_passes_change_nothing_but_the_epoch_does(photographs):
    batches = EpochBatches(len(dataset_of(photographs)), 4, 1, smallest=4)
    feeds = [DeviceFeed(dataset_of(photographs), batches, workers, CPU) for workers in (0, 2)]
    alone, shared = (list(each) for each in feeds)
    torch.testing.assert_close(shared, alone, rtol=0, atol=0)
    torch.testing.assert_close(list(feeds[0]), alone, rtol=0, atol=0)
    batches.epoch = 1
    assert not torch.equal(next(iter(feeds[0]))[0], alone[0][0])


def test_a_transform_of_its_own_is_refused_by_the_device_and_fed_by_the_cpu(photographs):
    own = dataset_of(photographs, T.Compose([T.Resize((8, 8)), T.ToTensor()]))
    batches, fabric = EpochBatches(len(own), 4, 1, smallest=4), Fabric(accelerator="cpu", devices=1)
    with pytest.raises(TrainingError, match=r"views=device: Compose is no Augmentation or .*views=cpu"):
        feed(fabric, own, batches, 0, on_device=True)
    assert next(iter(feed(fabric, own, batches, 0, on_device=False))).shape == (4, 3, 8, 8)


class Louder(MultiView):
    def __call__(self, image):
        return [2 * view for view in super().__call__(image)]


class Brighter(Augmentation):
    pass


def test_only_pure_declarations_is_declared():
    assert is_declared(MultiView([Augmentation(SIDE)]))
    assert is_declared(Augmentation(SIDE))
    assert not is_declared(Brighter(SIDE))
    assert not is_declared(Louder([Augmentation(SIDE)]))
    assert not is_declared(MultiView([Augmentation(SIDE), Brighter(SIDE)]))
    assert not is_declared(MultiView([Augmentation(SIDE), T.ToTensor()]))


def losses(corpus, views):
    cls = methods().get("simclr")
    settings = PretrainSettings(epochs=1, batch_size=4, image_size=32, init="random", views=views)
    return losses_of_steps(cls(cls.config_class(**cls.quick)), corpus, settings)["loss"]


def test_a_single_augmentation_is_fed_as_its_view(photographs):
    one, two = dataset_of(photographs, Augmentation(SIDE)), dataset_of(photographs, MultiView([Augmentation(SIDE)]))
    batches = EpochBatches(len(one), 4, 1, smallest=4)
    view, [same] = (next(iter(DeviceFeed(dataset, batches, 0, CPU))) for dataset in (one, two))
    assert view.shape == (4, 3, SIDE, SIDE)
    assert torch.equal(view, same)


@pytest.mark.slow
def test_a_pretraining_takes_the_same_steps_with_either_executor(photographs):
    few = replace(photographs, images=photographs.images[:4])
    cpu, device = losses(few, "cpu"), losses(few, "device")
    assert len(cpu) == len(device) == 1
    assert cpu != device, "pixels differ by rounding"
    assert device[0] == pytest.approx(cpu[0], rel=0.4)
