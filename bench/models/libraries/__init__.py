"""Encoders of timm and torchvision by their libraries' names: `timm:NAME` and `torchvision:NAME`."""
