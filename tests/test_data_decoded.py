"""Decoded pictures, the cache, the two classic formats and the stand-ins."""

import errno
import gzip
import hashlib
import os
import pickle
import struct

import numpy as np
import pytest
from PIL import Image
from torchvision.models import ResNet18_Weights

from data_server import CLASSES, TRAIN, VALID, draw_set, tar_of, tiny_set
from resnet_lessons import data
from resnet_lessons.data import (
    catalog,
    decode,
    decoded,
    formats,
    layouts,
    standins,
    store,
)
from resnet_lessons.errors import LessonError, UsageError


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LESSONS_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


@pytest.fixture
def tiny(root, tmp_path, monkeypatch):
    source = draw_set(tmp_path / "source")
    archive = tar_of(source, tmp_path / "tiny.tgz")
    monkeypatch.setitem(catalog._BY_NAME, "tiny", tiny_set(archive, []))
    return store.import_paths("tiny", [archive], progress=False)


def load(name="tiny", size=None, **options):
    return data.load(name, size, progress=False, **options)


def test_pictures_are_scaled_to_the_short_side_and_cut_to_the_centre(tiny):
    images = load(size=14)
    assert images.train.images.shape == (7, 14, 14, 3)
    assert images.train.images.dtype == np.uint8
    assert isinstance(images.train.images, np.memmap)
    assert images.train.labels.tolist() == [0] * TRAIN[0] + [1] * TRAIN[1]
    assert images.valid.labels.tolist() == [0] * VALID[0] + [1] * VALID[1]
    assert images.classes == CLASSES and not images.stand_in
    for i, left in ((0, 3), (2, 2)):  # 26 pixels wide, 20 and 22 high, greyscale
        picture = Image.open(tiny / "train" / "cats" / f"{i}.JPEG").convert("RGB")
        cut = picture.crop((left, 0, left + picture.height, picture.height))
        expected = np.asarray(cut.resize((14, 14), Image.Resampling.LANCZOS), int)
        gap = abs(expected - images.train.images[i])
        assert gap[:, 3:-3].max() <= 1  # at its edge ours sees beyond the cut


def test_shrinking_while_decoding_keeps_the_picture(tmp_path):
    y, x = np.mgrid[:300, :400]
    waves = np.stack([np.sin(x / 30), np.sin(y / 40), np.cos((x + y) / 50)], -1)
    picture = Image.fromarray((waves * 120 + 128).astype(np.uint8))
    picture.save(tmp_path / "waves.jpg", quality=95)
    got = decode.fit(Image.open(tmp_path / "waves.jpg"), 64, 3).astype(int)
    cut = picture.crop((50, 0, 350, 300)).resize((64, 64), Image.Resampling.LANCZOS)
    assert abs(got - np.asarray(cut)).mean() < 2


def test_second_load_reads_the_cache_and_writes_nothing(tiny, root, monkeypatch):
    first = load()
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    monkeypatch.setattr(layouts, "labelled", None)  # would be needed to decode
    second = load()
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before
    assert (first.train.images == second.train.images).all()
    assert first.content_hash == second.content_hash
    assert first.content_hash[:12] in str(second.train.images.filename)


@pytest.mark.parametrize("damage", ["cut", "flip", "labels", "marker", "empty", "gone"])
def test_broken_cache_is_rebuilt_and_says_so(tiny, damage, capsys):
    first = load()
    expected = np.array(first.train.images)
    cache = (
        tiny.parents[1] / "decoded" / f"tiny-tiny-official-16-{first.content_hash[:12]}"
    )
    del first
    file = cache / ("train-labels.npy" if damage == "labels" else "train-images.npy")
    content = bytearray(file.read_bytes())
    content[-5] ^= 255
    if damage == "gone":
        file.unlink()
    elif damage in ("marker", "empty"):
        (cache / "complete.json").write_text("{" if damage == "marker" else "{}")
    else:
        file.write_bytes(content[:-9] if damage == "cut" else content)
    again = load()
    assert "is broken: decoding again" in capsys.readouterr().err
    assert (again.train.images == expected).all()
    assert again.train.labels.tolist() == [0] * TRAIN[0] + [1] * TRAIN[1]


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_undecodable_file_is_named(root, tmp_path, monkeypatch, content):
    source = draw_set(tmp_path / "source")
    file = source / "train" / "dogs" / "1.JPEG"
    file.write_bytes(file.read_bytes()[:-200] if content is None else content)
    archive = tar_of(source, tmp_path / "tiny.tgz")
    monkeypatch.setitem(catalog._BY_NAME, "tiny", tiny_set(archive, []))
    store.import_paths("tiny", [archive], progress=False)
    with pytest.raises(LessonError, match=r"cannot decode .*dogs.1\.JPEG"):
        load()
    assert not list((root / "decoded").glob("*tiny*"))


def test_huge_picture_is_named_and_one_pixel_is_fine(tiny, monkeypatch):
    Image.new("RGB", (1, 1), (9, 8, 7)).save(tiny / "train" / "cats" / "0.JPEG")
    assert load(size=4).train.images.shape == (7, 4, 4, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(LessonError, match=r"cannot decode .*\.JPEG"):
        load(size=5)


def test_unwritable_root_still_decodes(tiny, root, tmp_path, monkeypatch, capsys):
    spare = tmp_path / "spare"
    monkeypatch.setattr("resnet_lessons.data.decoded.cache_folder", lambda: spare)
    (root / "decoded").write_text("in the way: no folder can be made here")
    images = load()
    assert "cannot write in" in capsys.readouterr().err
    assert str(spare) in str(images.train.images.filename)
    monkeypatch.setattr("resnet_lessons.data.decoded.cache_folder", lambda: root)
    with pytest.raises(LessonError, match="a folder with RESNET_LESSONS_DATA"):
        load()
    assert "using" not in capsys.readouterr().err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EOPNOTSUPP, errno.EINVAL])
def test_room_is_taken_before_decoding(tiny, root, monkeypatch, code):
    asked = []

    def allocate(file, offset, length):
        asked.append((os.fstat(file).st_size, offset, length))
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.posix_fallocate", allocate, raising=False)
    monkeypatch.setattr("resnet_lessons.data.decoded.cache_folder", lambda: root)
    if code == errno.ENOSPC:
        with pytest.raises(LessonError, match="cannot keep decoded pictures"):
            load()
        assert not list((root / "decoded").iterdir())
    else:  # a file system without it
        assert len(load().train) == 7
    size, offset, length = asked[0]
    assert (offset, length) == (0, size) and size > 7 * 16 * 16 * 3


def test_hidden_file_is_no_picture(tiny):
    (tiny / "train" / "cats" / ".DS_Store").write_bytes(b"left by a file manager")
    assert len(load().train) == 7


def test_missing_set_is_replaced_loudly(root, capsys):
    images = load("mnist", 28)
    line = capsys.readouterr().err
    assert line.startswith("STAND-IN: mnist") and line.count("\n") == 1
    assert "resnet-lessons data get mnist" in line and "digits" in line
    assert (images.name, images.stand_in, images.size) == ("digits", True, 28)
    assert load("imagenette", 16).name == "pictures"
    with pytest.raises(LessonError, match="data get mnist"):
        load("mnist", stand_in=False)


def test_broken_set_is_never_replaced(tiny):
    for file in (tiny / "valid" / "cats").iterdir():
        file.unlink()
    with pytest.raises(LessonError, match="is broken"):
        load()


@pytest.mark.parametrize("size", [0, -3, 2.5, "64", True])
def test_wrong_size_is_wrong_use(root, size):
    with pytest.raises(UsageError, match="size must be"):
        load("digits", size)


def idx(values):
    values = np.asarray(values, np.uint8)
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    return head + values.tobytes()


@pytest.fixture
def short_mnist(tmp_path):
    folder = tmp_path / "mnist-short"
    folder.mkdir()
    random = np.random.RandomState(0)
    for part, n in (("train", 30), ("t10k", 20)):
        images = random.randint(0, 256, (n, 28, 28))
        files = {"images-idx3": images, "labels-idx1": np.arange(n) % 10}
        for name, values in files.items():
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(idx(values)))
    return folder


def test_short_mnist_is_imported_under_its_own_name(root, short_mnist):
    store.import_paths("mnist", [short_mnist], progress=False)
    images = load("mnist")
    assert images.variant == "mnist-short"
    assert images.train.images.shape == (30, 28, 28, 1)
    assert images.train.labels.tolist() == [i % 10 for i in range(30)]
    raw = gzip.decompress((short_mnist / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert images.valid.images.tobytes() == raw[16:]


def test_labels_that_mnist_does_not_have_are_refused(root, short_mnist):
    file = short_mnist / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(gzip.compress(idx(np.arange(20) % 11)))
    with pytest.raises(LessonError, match="labels goes up to 10, MNIST's go up to 9"):
        store.import_paths("mnist", [short_mnist], progress=False)


def test_grey_of_16_bits_keeps_its_steps():
    ramp = np.tile(np.arange(256), (256, 1))
    deep = Image.fromarray((ramp << 8).astype(np.uint16))
    assert deep.mode == "I;16"
    assert (decode.fit(deep, 256, 1)[..., 0] == ramp).all()


def test_built_in_pictures_and_labels_cannot_be_written(root):
    split = load("digits").train
    for held in (split.images, split.labels):
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 0


def test_mnist_with_a_file_missing_or_cut_is_refused(root, short_mnist):
    file = short_mnist / "t10k-labels-idx1-ubyte.gz"
    content = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(content)[:-1]))
    with pytest.raises(LessonError, match=r"^t10k-labels.* no whole IDX.*its source"):
        store.import_paths("mnist", [short_mnist], progress=False)
    file.write_bytes(content[:-9])
    with pytest.raises(LessonError, match=r"^cannot read t10k-labels.*its source"):
        store.import_paths("mnist", [short_mnist], progress=False)
    file.write_bytes((short_mnist / "train-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(LessonError, match="20 images but t10k-labels 30 labels"):
        store.import_paths("mnist", [short_mnist], progress=False)
    file.unlink()
    with pytest.raises(LessonError, match="t10k-labels is missing"):
        store.import_paths("mnist", [short_mnist], progress=False)


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, like CIFAR-10's own files."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def cifar(folder, dump):
    folder.mkdir()
    random = np.random.RandomState(0)
    for name in layouts.BATCHES:
        rows = random.randint(0, 256, (20, 3072)).astype(np.uint8)
        batch = {b"data": rows, b"labels": [i % 10 for i in range(20)]}
        with open(folder / name, "wb") as file:
            dump(batch, file)
    return folder


def dump_python2(batch, file):
    Python2Pickler(file, protocol=2).dump(batch)


def dump_python3(batch, file):
    pickle.dump(batch, file, protocol=4)


@pytest.mark.parametrize("dump", [dump_python2, dump_python3])
def test_cifar_batches_are_read_as_torchvision_reads_them(root, tmp_path, dump):
    folder = cifar(tmp_path / "cifar-10-batches-py", dump)
    store.import_paths("cifar10", [folder], progress=False)
    images = load("cifar10")
    assert images.train.images.shape == (100, 32, 32, 3)
    with open(folder / "data_batch_1", "rb") as file:
        entry = pickle.load(file, encoding="bytes")  # torchvision's way, own file
    expected = entry[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    assert (images.train.images[:20] == expected).all()
    assert images.valid.labels.tolist() == [i % 10 for i in range(20)]


class Evil:
    def __reduce__(self):
        return eval, ("open('evil', 'w')",)


class EvilNumpy:
    def __reduce__(self):
        return np.load, ("evil",)


@pytest.mark.parametrize("payload", [Evil(), EvilNumpy()])
def test_malicious_pickle_is_refused_and_not_executed(tmp_path, payload, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": payload}))
    with pytest.raises(LessonError, match=r"refused to read .*it asks for"):
        formats.read_batch(tmp_path / "data_batch_1")
    assert not (tmp_path / "evil").exists()


def test_batch_of_objects_is_refused(tmp_path):
    batch = {b"data": np.array([{}], object), b"labels": [0]}
    (tmp_path / "batch").write_bytes(pickle.dumps(batch, protocol=4))
    with pytest.raises(LessonError, match="refused"):
        formats.read_batch(tmp_path / "batch")


def test_digits_are_scikit_learns(root):
    from sklearn.datasets import load_digits

    images = load("digits")
    source = load_digits()
    everything = np.concatenate([images.train.images, images.valid.images])
    assert everything.shape == (1797, 8, 8, 1)
    grey = everything.reshape(-1, 64).astype(int) * 16 / 255
    same = np.rint(grey)[np.lexsort(np.rint(grey).T)]
    assert (same == source.data[np.lexsort(source.data.T)]).all()
    entry = catalog.find("digits")
    assert tuple(np.bincount(images.train.labels)) == entry.train
    assert tuple(np.bincount(images.valid.labels)) == entry.valid


def test_drawn_pictures_are_the_same_bytes_everywhere(root):
    (train, labels), (valid, _) = standins.pictures(32, 200, 50, seed=0)
    assert train.shape == (200, 32, 32, 3) and valid.shape == (50, 32, 32, 3)
    digest = hashlib.sha256(train.tobytes() + valid.tobytes()).hexdigest()
    assert digest == PICTURES_32
    assert np.bincount(labels).tolist() == [20] * 10
    (other, _), _ = standins.pictures(32, 200, 50, seed=1)
    assert (other != train).any()


PICTURES_32 = "981a96dd6c66407434f166a3b0c47522ad2bad160a270070db73a5d6c5fbfd80"


def test_linear_model_fails_on_drawn_pictures(root):
    from sklearn.linear_model import RidgeClassifier

    images = load("pictures", 16)
    rows = [s.images.reshape(len(s), -1) / 255 for s in (images.train, images.valid)]
    model = RidgeClassifier(alpha=100).fit(rows[0], images.train.labels)
    assert model.score(rows[1], images.valid.labels) < 0.2  # chance is 0.1


def test_names_of_classes_stand_in_the_order_of_their_sources():
    objects = data.find("cifar10").classes  # batches.meta is alphabetical
    assert list(objects) == sorted(objects)
    known = ResNet18_Weights.IMAGENET1K_V1.meta["categories"]  # by WordNet's numbers
    entry = data.find("imagenette-160")
    assert list(entry.folders) == sorted(entry.folders)
    places = [known.index(name) for name in entry.classes]
    assert places == sorted(places)


def test_catalogue_is_consistent():
    for entry in data.DATA_SETS:
        assert len(entry.classes) == len(entry.folders) == 10
        assert len(entry.train) == len(entry.valid) == 10
        for remote in entry.archives:
            assert len(remote.sha256) == 64 and remote.bytes > 0
            assert all(u.startswith("https://") for u in remote.urls)
            assert all(u.endswith(remote.file_name) for u in remote.urls)
    upright = {entry.name for entry in data.DATA_SETS if not entry.flips}
    assert upright == {"mnist", "digits"}  # no digit is true when mirrored
    assert sum(data.find("imagenette-160").train) == 9469
    assert sum(data.find("mnist").train) == 60000
    assert sum(data.find("mnist").valid) == 10000


def test_shapes_are_pictures_with_the_pixels_of_their_two_shapes():
    images, labels, masks = standins.shapes(48, 40, seed=3)
    (drawn, _), _ = standins.pictures(48, 40, 0, seed=3)
    assert (images == drawn).all()
    assert labels.tolist() == list(range(10)) * 4
    assert masks.shape == (40, 2, 48, 48) and masks.dtype == bool
    inside = masks.any(1)
    assert 0.05 < inside.mean() < 0.4
    for image, mask in zip(images.astype(int), inside, strict=True):
        ground = np.median(image[~mask], axis=0)  # one colour, with noise up to ±20
        far = np.abs(image - ground).max(-1)
        assert (far[~mask] <= 23).all()
        assert (far[mask] > 23).mean() > 0.9


def test_what_another_process_has_decoded_meanwhile_is_taken(
    tmp_path, monkeypatch, capsys
):
    looks = iter([False, True])  # finished while we wait for the lock
    monkeypatch.setattr(decoded, "_whole", lambda cache: next(looks))
    cache = decoded._made(tmp_path, "tiny", *[None] * 5)
    assert cache == tmp_path / "decoded" / "tiny"
    assert list(cache.parent.iterdir()) == [] and capsys.readouterr().err == ""


def test_a_png_with_a_broken_part_is_named(tmp_path):
    """PIL calls that an error of syntax."""
    file = tmp_path / "noise.png"
    noise = np.random.RandomState(0).randint(0, 256, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(file)
    content = file.read_bytes()
    second = content.index(b"IDAT", content.index(b"IDAT") + 4)
    file.write_bytes(content[:second] + b"\0\0\0\0" + content[second + 4 :])
    images = np.zeros((1, 16, 16, 3), np.uint8)
    with pytest.raises(LessonError, match=r"cannot decode .*noise\.png"):
        decode.decode([file], images, "tiny", "", False)


def test_what_lies_decoded_in_the_spare_folder_is_taken_without_a_word(
    tiny, root, tmp_path, monkeypatch, capsys
):
    spare = tmp_path / "spare"
    monkeypatch.setattr("resnet_lessons.data.decoded.cache_folder", lambda: spare)
    (root / "decoded").write_text("in the way: no folder can be made here")
    load()
    assert "cannot write in" in capsys.readouterr().err
    assert str(spare) in str(load().train.images.filename)
    assert capsys.readouterr().err == ""
