"""What blocks cost and what training keeps, against hand counts and real runs."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet50

from resnet_lessons import nets, probes
from resnet_lessons.errors import UsageError


def test_the_blocks_of_the_paper_cost_nearly_the_same():
    """Figure 5 of the paper: 64 channels in two 3 × 3, 256 in a bottleneck."""
    found = probes.block_costs([256], [4])
    assert found["narrow"][0][0]["macs"] == [36864, 36864]
    assert found["bottleneck"][0][0] == {
        "channels": [256, 64, 64, 256],
        "kernels": [1, 3, 1],
        "macs": [16384, 36864, 16384],
    }
    assert found["basic"][0]["macs"] == [589824, 589824]


@pytest.mark.parametrize(("channels", "squeeze"), [(8, 1), (24, 2), (32, 4), (32, 32)])
def test_a_block_costs_what_its_weights_say(channels, squeeze):
    """One place: each weight of a convolution works once."""
    found = probes.block_costs([channels], [squeeze])
    middle = channels // squeeze
    deep = found["bottleneck"][0][0]
    assert deep["macs"] == [channels * middle, 9 * middle**2, middle * channels]
    for block, width in [
        (found["basic"][0], channels),
        (found["narrow"][0][0], middle),
    ]:
        assert block["channels"] == [width] * 3
        assert block["macs"] == [9 * width**2] * 2


@pytest.mark.parametrize("channels", [6, 2])
def test_channels_that_cannot_be_squeezed_are_refused(channels):
    with pytest.raises(UsageError, match="use multiples of 4"):
        probes.block_costs([channels], [2, 4])


def chain():
    return nn.Sequential(
        nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 2, 1)
    )


def test_kept_by_hand():
    """x, what the convolution puts out, and what the ReLU puts out; 4 bytes each."""
    assert probes.kept_for_backward(chain(), (3, 4, 6)) == 4 * (3 + 5 + 5) * 24
    assert probes.kept_for_backward(chain().double(), (3, 4, 6)) == 8 * 13 * 24


def test_kept_is_that_of_training():
    """Dropout keeps nothing in evaluation, in training a mask."""
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5)).eval()
    assert probes.kept_for_backward(net, (3, 5, 5)) >= (4 * 3 + 4) * 25


def test_what_is_kept_twice_counts_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)

        def forward(self, x):
            return self.one(x) + self.two(x)

    assert probes.kept_for_backward(Twice(), (3, 5, 5)) == 4 * 3 * 25


def kept_in_a_real_run(net, x):
    """Bytes of storage that autograd holds beside the weights, on the CPU."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        y = net.train()(x)  # kept alive, so that no address is used again
    assert y.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("name", ["resnet-18", "resnet-50-fastai"])
def test_kept_as_in_a_real_run(name):
    net = nets.build(name, widths=(8, 8, 16, 16))
    more, less = (kept_in_a_real_run(net, torch.randn(n, 3, 40, 40)) for n in (5, 3))
    assert probes.kept_for_backward(net, (3, 40, 40)) == (more - less) / 2


def test_the_net_is_left_as_it_was():
    net = chain().eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        probes.kept_for_backward(net, (3, 4, 4))
    assert not any(module.training for module in net.modules())
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.device.type == "cpu"


def test_kept_where_gradients_are_off():
    net = nets.build("resnet-8-cifar")
    with torch.no_grad():
        found = probes.kept_for_backward(net, (3, 8, 8))
    assert found == probes.kept_for_backward(net, (3, 8, 8)) > 0


def test_kept_needs_one_image():
    with pytest.raises(UsageError, match="channels, height, width"):
        probes.kept_for_backward(chain(), (4, 4))


def test_a_net_on_the_meta_device_will_do():
    with torch.device("meta"):
        ours, theirs = nets.build("resnet-50", num_classes=1000), resnet50()
    kept = probes.kept_for_backward(ours, (3, 64, 64))
    assert 5 * 2**20 < kept < 8 * 2**20
    # torchvision's ReLUs work in place, so nothing is kept that ours does not keep
    assert probes.kept_for_backward(theirs, (3, 64, 64)) <= kept


def test_what_is_kept_is_counted_without_a_copy_of_the_weights():
    class Dear(nn.Parameter):
        def __deepcopy__(self, memo):
            raise AssertionError("copied")

    net = chain()
    net[0].weight = Dear(net[0].weight.data)
    before = probes.kept_for_backward(chain(), (3, 4, 6))
    assert probes.kept_for_backward(net, (3, 4, 6)) == before
