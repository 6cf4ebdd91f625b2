"""What a block, a shortcut and a stem do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets
from resnet_lessons.errors import UsageError

BLOCKS = [nets.BasicBlock, nets.FastaiBlock, nets.BottleneckBlock, nets.PreActBlock]
SHORTCUTS = ["A", "B", "C", "pool", "none"]


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, None])
@pytest.mark.parametrize("block", BLOCKS)
def test_block_is_identity_at_start(block, norm):
    """With BatchZero F(x) = 0; a ReLU after the sum keeps the x that a ReLU gave."""
    channels = 4 * block.expansion
    net = block(channels, 4, batch_zero=True, norm=norm)
    x = torch.randn(2, channels, 6, 6).relu()
    for train in (True, False):
        assert torch.equal(net.train(train)(x), x)


@pytest.mark.parametrize("block", BLOCKS)
def test_block_is_not_identity_without_batch_zero(block):
    channels = 4 * block.expansion
    x = torch.randn(2, channels, 6, 6).relu()
    y = block(channels, 4, batch_zero=False)(x)
    assert (y - x).abs().mean() > 0.1


@pytest.mark.parametrize("block", BLOCKS)
def test_zeroed_block_wakes_up(block):
    """Step 1 reaches the zeroed layer alone, step 2 every weight of F."""
    torch.manual_seed(0)
    channels = 4 * block.expansion
    net = block(channels, 4, batch_zero=True)
    x, target = torch.randn(8, channels, 6, 6).relu(), torch.randn(8, channels, 6, 6)
    convs = [m for m in net.residual.modules() if isinstance(m, nn.Conv2d)]
    for step in (1, 2):
        net.zero_grad()
        F.mse_loss(net(x), target).backward()
        assert (convs[0].weight.grad.norm() > 0) == (step == 2)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter -= 0.1 * parameter.grad
    assert all(p.grad.norm() > 0 for p in net.residual.parameters())


def test_plain_block_with_batch_zero_puts_out_nothing():
    """Zero gamma is no skip connection: without a shortcut nothing gets through."""
    block = nets.BasicBlock(4, 4, shortcut="none", batch_zero=True)
    assert block(torch.randn(2, 4, 6, 6)).count_nonzero() == 0


@pytest.mark.parametrize("size", [(8, 8), (33, 47), (1, 1), (2, 9)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("block", BLOCKS)
def test_block_shape(block, shortcut, stride, size):
    height, width = (-(-n // stride) for n in size)  # rounded up
    for in_channels in (4, 8):
        y = block(in_channels, 8, stride, shortcut)(torch.randn(2, in_channels, *size))
        assert y.shape == (2, 8 * block.expansion, height, width)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("block", BLOCKS)
def test_block_is_its_residual_plus_its_shortcut(block, shortcut):
    net = block(4, 8, 2, shortcut).eval()
    x = torch.randn(2, 4, 8, 8)
    with torch.no_grad():
        total = net.residual(x) + net.shortcut(x)
        expected = total if block is nets.PreActBlock else total.relu()
        torch.testing.assert_close(net(x), expected)


def test_preact_residual_is_equation_9_of_the_paper():
    net = nets.PreActBlock(4, 4).eval()
    (norm1, _, conv1), (norm2, _, conv2) = net.residual
    x = torch.randn(2, 4, 8, 8)
    expected = x + conv2(F.relu(norm2(conv1(F.relu(norm1(x))))))
    torch.testing.assert_close(net(x), expected)
    assert torch.equal(net.shortcut(x), x)


def test_preact_net_closes_with_norm_and_relu():
    net = nets.build("preact-8-cifar").eval()
    norm, relu, *_ = net.head
    assert isinstance(norm, nn.BatchNorm2d) and isinstance(relu, nn.ReLU)
    assert norm.num_features == 64
    assert isinstance(nets.build("resnet-8-cifar").head[0], nn.AdaptiveAvgPool2d)
    bare = nets.build("preact-8-cifar", norm=None)  # the last sum still meets a ReLU
    assert isinstance(bare.head[0], nn.ReLU)


def test_preact_net_s_closing_gamma_alone_can_start_elsewhere():
    torch.manual_seed(0)
    usual = nets.build("preact-8-cifar")
    torch.manual_seed(0)
    louder = nets.build("preact-8-cifar", closing_gamma=4.0)
    theirs = louder.state_dict()
    differ = [k for k, v in usual.state_dict().items() if not torch.equal(v, theirs[k])]
    assert differ == ["head.0.weight"]
    assert louder.head[0].weight.eq(4).all()
    with pytest.raises(UsageError, match="closing_gamma"):
        nets.build("preact-8-cifar", closing_gamma=4.0, norm=None)


def test_a_closing_gamma_gives_any_net_that_end_and_changes_nothing_else():
    torch.manual_seed(0)
    usual = nets.build("resnet-8-cifar")
    torch.manual_seed(0)
    closed = nets.build("resnet-8-cifar", closing_gamma=4.0)
    norm, relu, *rest = closed.head
    assert norm.weight.eq(4).all() and norm.num_features == 64
    assert isinstance(relu, nn.ReLU)
    ours, theirs = (
        [*net.stem.parameters(), *net.stages.parameters(), *net.head[-1].parameters()]
        for net in (usual, closed)
    )
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    x = usual.stages(usual.stem(torch.randn(4, 3, 8, 8)))
    assert torch.equal(closed.head(x), nn.Sequential(*rest)(relu(norm(x))))


def test_shortcut_a_keeps_every_second_pixel_and_adds_channels_of_zeros():
    x = torch.randn(2, 3, 5, 7)
    y = nets.make_shortcut("A", 3, 8, stride=2)(x)
    assert torch.equal(y[:, :3], x[:, :, [0, 2, 4]][..., [0, 2, 4, 6]])
    assert y[:, 3:].count_nonzero() == 0 and y.shape == (2, 8, 3, 4)


def test_shortcut_a_is_printed_with_its_numbers():
    assert repr(nets.make_shortcut("A", 8, 16, 2)) == "PadChannels(extra=8, stride=2)"


def test_shortcuts_have_weights_where_the_paper_says():
    def weights(name, *shape):
        return sum(p.numel() for p in nets.make_shortcut(name, *shape).parameters())

    same, wider = (8, 8, 1), (8, 16, 2)
    projection = 8 * 16 + 2 * 16  # 1x1 convolution, gamma and beta
    assert [weights(name, *same) for name in SHORTCUTS] == [0, 0, 8 * 8 + 2 * 8, 0, 0]
    assert [weights(name, *wider) for name in SHORTCUTS] == [
        *(0, projection, projection, projection, 0)
    ]


def test_pool_shortcut_averages_before_it_projects():
    x = torch.randn(2, 3, 4, 4)
    expected = x.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2))
    same_width = nets.make_shortcut("pool", 3, 3, stride=2)
    torch.testing.assert_close(same_width(x), expected)
    pool, (conv, _) = nets.make_shortcut("pool", 3, 8, stride=2)
    torch.testing.assert_close(pool(x), expected)
    assert conv.kernel_size == (1, 1) and conv.stride == (1, 1)


@pytest.mark.parametrize("strided_conv, strides", [(0, (2, 1, 1)), (1, (1, 2, 1))])
def test_bottleneck_stride_sits_where_it_is_put(strided_conv, strides):
    net = nets.BottleneckBlock(8, 4, 2, strided_conv=strided_conv)
    convs = [m for m in net.residual.modules() if isinstance(m, nn.Conv2d)]
    assert tuple(c.stride[0] for c in convs) == strides
    assert tuple(c.kernel_size[0] for c in convs) == (1, 3, 1)


@pytest.mark.parametrize("stem", nets.STEMS)
@pytest.mark.parametrize("block", BLOCKS)
def test_net_without_norm_has_biases_and_no_norm(block, stem):
    def biases(norm):
        net = nets.ResNet(block, [1, 1], [4, 8], stem, "C", norm=norm)
        assert any(isinstance(m, nn.BatchNorm2d) for m in net.modules()) == bool(norm)
        return [m.bias for m in net.modules() if isinstance(m, nn.Conv2d)]

    assert not any(bias is None for bias in biases(None))
    assert all(bias is None for bias in biases(nn.BatchNorm2d))


def test_convolutions_start_as_he_says():
    net = nets.build("resnet-18")
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 10_000:
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            expected = (2 / fan_out) ** 0.5
            assert module.weight.std().item() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, None])
def test_torch_init_starts_as_pytorch_does(norm):
    net = nets.torch_init(nets.cifar_net(8, norm=norm, batch_zero=True))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):  # uniform in +- 1 / sqrt(fan_in)
            bound = (module.in_channels * module.kernel_size[0] ** 2) ** -0.5
            assert 0.9 * bound < module.weight.abs().max() <= bound
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.eq(1).all()


@pytest.mark.parametrize(
    "stem, shape",
    [
        ("imagenet", (2, 64, 9, 12)),
        ("deep", (2, 64, 9, 12)),
        ("cifar", (2, 64, 33, 47)),
        ("conv", (2, 64, 33, 47)),
        ("none", (2, 3, 33, 47)),
    ],
)
def test_stem_shape(stem, shape):
    layers, channels = nets.make_stem(stem, 3, 64)
    assert layers(torch.randn(2, 3, 33, 47)).shape == shape
    assert channels == shape[1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nets.BasicBlock(4, 4, shortcut="D"),
        lambda: nets.make_shortcut("A", 8, 4, 2),
        lambda: nets.make_stem("imagnet", 3, 64),
    ],
)
def test_wrong_name_is_wrong_use(wrong):
    with pytest.raises(UsageError) as caught:
        wrong()
    message = str(caught.value)
    assert "\n" not in message and ("choose one of" in message or "use" in message)
