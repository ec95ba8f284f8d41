"""The U-Net is Li's to the parameter, and its variants are the same class."""

import pytest
import torch

from segmentation.networks.unet import (
    SameConv,
    UNet,
    UNetSettings,
    adapted,
    crop_centrally,
    li_original,
    pad_centrally,
    slim,
)

TINY = UNetSettings(1, (2, 3, 4, 5, 6), 3, 3, False, 0.0, 1)


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [(li_original(1), 8_740_609), (li_original(2), 8_742_209), (adapted(), 8_743_809)],
)
def test_as_many_parameters_as_the_published_network(
    variant: UNetSettings, parameters: int
) -> None:
    network = UNet(variant)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_the_layer_table_of_li() -> None:
    kernels = [
        (block.conv.in_channels, block.conv.out_channels, block.conv.kernel_size[0])
        for block in UNet(li_original(2)).modules()
        if isinstance(block, SameConv)
    ]
    assert kernels == [
        *[(2, 64, 5), (64, 64, 5), (64, 96, 3), (96, 96, 3), (96, 128, 3), (128, 128, 3)],
        *[(128, 256, 3), (256, 256, 4), (256, 512, 3), (512, 512, 3)],
        *[(768, 256, 3), (256, 256, 3), (384, 128, 3), (128, 128, 3)],
        *[(224, 96, 3), (96, 96, 3), (160, 64, 3), (64, 64, 3)],
    ]


def test_the_adapted_network_drops_out_after_each_convolution() -> None:
    drops = [m for m in UNet(adapted()).modules() if isinstance(m, torch.nn.Dropout)]
    assert len(drops) == 18
    assert {m.p for m in drops} == {0.2}


@pytest.mark.parametrize("size", [(200, 200), (48, 40), (49, 63), (16, 16)])
def test_the_output_is_as_large_as_the_input(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert UNet(TINY)(torch.zeros(2, 1, *size)).shape == (2, 1, *size)


def test_an_even_kernel_is_padded_as_tensorflow_does() -> None:
    conv = SameConv(1, 1, 4, TINY)
    torch.nn.init.zeros_(conv.conv.weight)
    conv.conv.weight.data[0, 0, 0, 0] = 1.0  # the kernel's first corner looks one pixel back
    image = torch.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    shifted = torch.zeros(1, 1, 5, 5)
    shifted[..., 1:, 1:] = image[..., :-1, :-1]
    assert torch.equal(conv(image), shifted)


def test_cropping_and_padding_put_the_smaller_half_before() -> None:
    row = torch.arange(25.0).expand(1, 1, 25, 25)
    assert crop_centrally(row, 24, 24)[0, 0, 0].tolist() == list(range(24))
    padded = pad_centrally(torch.ones(1, 1, 24, 24), 25, 25)
    assert padded[0, 0, 0].sum() == 24
    assert padded[0, 0, :, -1].sum() == 0


def test_the_border_of_an_odd_size_is_the_output_layers_bias() -> None:
    network = UNet(li_original(1)).eval()
    network.out.bias.data.fill_(-2.0)
    with torch.inference_mode():
        logits = network(torch.rand(1, 1, 200, 200))
    assert torch.all(logits[..., :4, :] == -2.0)
    assert not torch.all(logits[..., 4, :] == -2.0)


def test_a_crop_that_starts_at_a_multiple_of_16_agrees_inside() -> None:
    torch.manual_seed(3)
    network = UNet(slim()).eval()
    image = torch.rand(1, 3, 480, 32)
    with torch.inference_mode():
        whole, cut = network(image), network(image[..., 16:, :])
    inside = slice(200, 360)
    assert torch.allclose(whole[..., 16:, :][..., inside, :], cut[..., inside, :], atol=1e-4)
