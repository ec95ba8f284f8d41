"""Taking over the weights of Li's U-Net from Keras, and giving them to the paper's network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from segmentation.networks.checkpoint import UnusableCheckpoint
from segmentation.networks.hdf5 import Layer, read_layers
from segmentation.networks.unet import UNet, UNetSettings, li_original


def read_li_weights(path: Path, *, settings: UNetSettings | None = None) -> UNet:
    """This will read Li's `.h5` weights into a U-Net in evaluation mode.

    The number of input channels is read from the first kernel; `settings` names another layout than
    the published one (its `in_channels` is ignored). Kernels are (height, width, in, out) in Keras.
    Raises UnusableCheckpoint, naming the first layer that differs and both shapes.
    """
    layers = read_layers(path)
    if not layers or layers[0].arrays[0].ndim != 4:
        raise UnusableCheckpoint(
            f"{path.name}: the first layer is no 2D convolution, so this is not Li's U-Net."
        )
    channels = int(layers[0].arrays[0].shape[2])
    if channels not in (1, 2, 3):
        raise UnusableCheckpoint(
            f"{path.name}, layer {layers[0].name}: {channels} input channels; there are networks "
            "for 1 (FLAIR), 2 (FLAIR, T1) and 3 (three slices)."
        )
    base = settings or li_original(channels)
    network = UNet(
        UNetSettings(
            channels,
            base.widths,
            base.first_kernel,
            base.fourth_kernel,
            base.batch_norm,
            base.dropout,
            base.outputs,
        )
    )
    convolutions = [one for one in network.modules() if isinstance(one, nn.Conv2d)]
    for convolution, layer in zip(convolutions, layers, strict=False):
        _fill(convolution, layer, path.name)
    if len(layers) != len(convolutions):
        raise UnusableCheckpoint(
            f"{path.name}: {len(layers)} layers have weights; Li's U-Net has {len(convolutions)}."
        )
    return network.eval()


def _fill(convolution: nn.Conv2d, layer: Layer, name: str) -> None:
    """This will copy one layer, or raise UnusableCheckpoint with both shapes."""
    out, into, height, width = convolution.weight.shape
    needed = f"{height} x {width} x {into} x {out} and {out}"
    if layer.shapes != needed:
        raise UnusableCheckpoint(
            f"{name}, layer {layer.name}: the weights are {layer.shapes}, the network needs "
            f"{needed}. These are weights of another architecture."
        )
    kernel, bias = layer.arrays
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()))
        if convolution.bias is not None:
            convolution.bias.copy_(torch.from_numpy(bias))


def transposed(network: UNet) -> UNet:
    """This will return a network that does to slices (x, y) what the given one does to (y, x)."""
    turned = UNet(network.settings)
    turned.load_state_dict(
        {
            name: kept.transpose(-1, -2).contiguous() if kept.ndim == 4 else kept
            for name, kept in network.state_dict().items()
        }
    )
    return turned.eval()


def widened(network: UNet, *, dropout: float = 0.2) -> UNet:
    """This will give a network of one slice its two neighbours as new channels: the transfer.

    The kernel of the FLAIR (channel 0; T1's is dropped, as its mean inside the brain is 0) becomes
    that of the middle slice, the neighbours' kernels are 0, and all else is copied, so that the
    output is the same as before. Returned in evaluation mode. Raises ValueError unless the
    network has 1 or 2 channels.
    """
    old = network.settings
    if old.in_channels not in (1, 2):
        raise ValueError(f"a network of {old.in_channels} channels cannot be widened to 3")
    settings = UNetSettings(
        3, old.widths, old.first_kernel, old.fourth_kernel, old.batch_norm, dropout, old.outputs
    )
    wide = UNet(settings)
    weights = dict(network.state_dict())
    first = "down.0.0.conv.weight"
    kernel = torch.zeros_like(wide.state_dict()[first])
    kernel[:, 1] = weights[first][:, 0]
    weights[first] = kernel
    wide.load_state_dict(weights)
    return wide.eval()
