"""What the tests of `data` share: a tiny data set, its archive, a loopback server."""

import dataclasses
import hashlib
import tarfile
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from resnet_lessons.data import catalog

CLASSES = ("cats", "dogs")
TRAIN, VALID = (4, 3), (2, 2)


def draw_set(folder, valid_name="val"):
    """Noise pictures in train/<class> and val/<class>; greyscale and odd sizes too."""
    random = np.random.RandomState(0)
    for split, counts in (("train", TRAIN), (valid_name, VALID)):
        for name, count in zip(CLASSES, counts, strict=True):
            inside = Path(folder, split, name)
            inside.mkdir(parents=True)
            for i in range(count):
                pixels = random.randint(0, 256, (20 + i, 26), dtype=np.uint8)
                mode = "CMYK" if i == 1 else "L"
                Image.fromarray(pixels).convert(mode).save(inside / f"{i}.JPEG")
    return Path(folder)


def tar_of(folder, path):
    with tarfile.open(path, "w:gz") as tar:
        for inner in sorted(folder.iterdir()):
            tar.add(inner, arcname=f"top/{inner.name}")
    return Path(path)


def tiny_set(archive, urls, **changes):
    """A catalogue entry for the archive of `draw_set`."""
    content = Path(archive).read_bytes()
    remote = catalog.RemoteFile(
        "tiny.tgz", tuple(urls), len(content), hashlib.sha256(content).hexdigest()
    )
    return catalog.DataSet(
        name="tiny",
        title="Tiny",
        kind="folders",
        size=16,
        channels=3,
        classes=CLASSES,
        folders=CLASSES,
        train=TRAIN,
        valid=VALID,
        archives=(dataclasses.replace(remote, **changes),),
        variant="tiny-official",
        stand_in="pictures",
    )


def stall(content, seconds):
    """An answer that falls silent in its middle, and then sends the rest at once."""

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:100])
        time.sleep(seconds)
        with suppress(OSError):
            handler.wfile.write(content[100:])

    return reply


def register(data_set):
    """Put `data_set` into the catalogue (in a child process; tests use monkeypatch)."""
    catalog._BY_NAME[data_set.name] = data_set


@contextmanager
def server(**answers):
    """A server on this machine; `answers` maps a first path part to a function that
    writes the reply. Yields its address and the list of paths asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            answers[self.path.split("/")[1]](self)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    serve.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}", asked
    finally:
        http.shutdown()
        http.server_close()


def body(content, length=None, kind="application/gzip"):
    """An answer: `content`, with a Content-Length that may lie (False: none)."""

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        if length is not False:
            size = len(content) if length is None else length
            handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def status(code):
    def reply(handler):
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def drip(content, seconds=0.05):
    """An answer that sends one byte at a time."""

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        for byte in content:
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(seconds)

    return reply
