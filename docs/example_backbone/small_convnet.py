"""An encoder of one's own: four convolutions, each with its feature map."""

from torch import nn

from bench import BackboneSpec, Features

CHANNELS, STRIDES = (32, 64, 128, 256), (4, 8, 16, 32)


class SmallConvNet(nn.Module):
    """Maps at strides 4 to 32; the embedding is the mean of the last."""

    def __init__(self):
        super().__init__()
        widths, steps = (3, *CHANNELS), (4, 2, 2, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, step, step, bias=False), nn.BatchNorm2d(after), nn.ReLU())
            for before, after, step in zip(widths[:-1], CHANNELS, steps, strict=True)
        )

    def forward(self, images):
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return Features(maps, images.mean(dim=(2, 3)))


SMALL = BackboneSpec("small_convnet", "four convolutions, 0.2 M", CHANNELS, STRIDES, given=SmallConvNet, version=1)
