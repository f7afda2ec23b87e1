"""Files of weights that several tests open."""

import pytest
import torch
import torchvision


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A torchvision ResNet-18 with weights of its own, and its file."""
    torch.manual_seed(5)
    network = torchvision.models.resnet18(weights=None)
    path = tmp_path_factory.mktemp("weights") / "released.pth"
    torch.save(network.state_dict(), path)
    return network.eval(), path
