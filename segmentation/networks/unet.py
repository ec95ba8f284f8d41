"""The U-Net of Li et al. (NeuroImage 2018), the paper's adaptation of it, and a slim variant.

One class; `UNetSettings` says which. Two convolutions per level, 2 x 2 max pooling, upsampling by
the nearest neighbour, skip features cropped centrally to the upsampled size and concatenated behind
it, features padded with zeros back to the input's size before the 1 x 1 output. It returns logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class UNetSettings:
    """What distinguishes the variants; stored with every checkpoint.

    `widths` are the feature counts of the four levels and the bottom. `first_kernel` is the kernel
    of the first level (5 in Li's layer table), `fourth_kernel` that of the second convolution of
    the fourth level (4 there). `outputs` counts the maps: lesion, and brain where there are two.
    """

    in_channels: int
    widths: tuple[int, int, int, int, int]
    first_kernel: int
    fourth_kernel: int
    batch_norm: bool
    dropout: float
    outputs: int


def li_original(in_channels: int) -> UNetSettings:
    """Li et al. 2018: FLAIR (1 channel) or FLAIR and T1 (2), 200 x 200 pixels."""
    return UNetSettings(in_channels, (64, 96, 128, 256, 512), 5, 4, False, 0.0, 1)


def adapted() -> UNetSettings:
    """Hindsholm et al. 2021: slices k-1, k, k+1 of 384 x 384, dropout after each convolution."""
    return UNetSettings(3, (64, 96, 128, 256, 512), 5, 4, False, 0.2, 1)


def slim() -> UNetSettings:
    """About a ninth of the parameters, batch norm, and a second output for the brain."""
    return UNetSettings(3, (24, 32, 48, 96, 160), 3, 3, True, 0.0, 2)


class SameConv(nn.Module):
    """Convolution that keeps the size, then (batch norm,) ReLU and (dropout)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, settings: UNetSettings) -> None:
        super().__init__()
        # TensorFlow's "same" puts the odd pixel of an even kernel behind: (1, 2) for 4 x 4.
        before = (kernel - 1) // 2
        after = kernel - 1 - before
        self.padding = (before, after, before, after)
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=before if before == after else 0)
        self.norm = nn.BatchNorm2d(outputs) if settings.batch_norm else nn.Identity()
        self.dropout = nn.Dropout(settings.dropout) if settings.dropout else nn.Identity()
        nn.init.xavier_uniform_(self.conv.weight)
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.padding[0] != self.padding[1]:
            x = functional.pad(x, self.padding)
        features: Tensor = self.dropout(functional.relu_(self.norm(self.conv(x))))
        return features


class UNet(nn.Module):
    """The network: (batch, channels, height, width) to logits (batch, outputs, height, width).

    Any size from 16 pixels on; the pooling grid starts at the first pixel, so a crop that is to
    give the same result must start at a multiple of 16.
    """

    def __init__(self, settings: UNetSettings) -> None:
        super().__init__()
        self.settings = settings
        w1, w2, w3, w4, w5 = settings.widths
        first, fourth = settings.first_kernel, settings.fourth_kernel

        def two(inputs: int, width: int, kernels: tuple[int, int] = (3, 3)) -> nn.Sequential:
            return nn.Sequential(
                SameConv(inputs, width, kernels[0], settings),
                SameConv(width, width, kernels[1], settings),
            )

        self.down = nn.ModuleList(
            [
                two(settings.in_channels, w1, (first, first)),
                two(w1, w2),
                two(w2, w3),
                two(w3, w4, (3, fourth)),
            ]
        )
        self.bottom = two(w4, w5)
        self.up = nn.ModuleList(
            [two(w5 + w4, w4), two(w4 + w3, w3), two(w3 + w2, w2), two(w2 + w1, w1)]
        )
        self.out = nn.Conv2d(w1, settings.outputs, 1)
        nn.init.xavier_uniform_(self.out.weight)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = functional.max_pool2d(x, 2)
        x = self.bottom(x)
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = torch.cat([x, crop_centrally(skips.pop(), x.shape[-2], x.shape[-1])], dim=1)
            for convolution in block.children():  # one by one: what one has read is let go of
                x = convolution(x)
        logits: Tensor = self.out(pad_centrally(x, height, width))
        return logits


def crop_centrally(x: Tensor, height: int, width: int) -> Tensor:
    """This will cut (..., H, W) to the given size; of an odd rest, the smaller half goes before."""
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def pad_centrally(x: Tensor, height: int, width: int) -> Tensor:
    """This will pad (..., H, W) with zeros to the given size, the inverse of `crop_centrally`."""
    rows, columns = height - x.shape[-2], width - x.shape[-1]
    left, top = columns // 2, rows // 2
    return functional.pad(x, (left, columns - left, top, rows - top))
