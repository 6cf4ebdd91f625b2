"""Download one file, checked, from the first mirror that delivers it.

pooch keeps the file out of sight until its hash fits; what it lacks is added here:
an overall deadline, a minimum speed, mirrors, and messages that name the cause.
"""

import time

import pooch
import requests
import urllib3
from tqdm import tqdm

from ..errors import LessonError
from .install import FULL
from .unpack import is_page

READ_SECONDS = 30  # longest silence
WINDOW_SECONDS = 30  # the speed is judged over this span
MIN_SPEED = 4096  # bytes a second; a throttled host of 60 kB/s may go on
DEADLINE_SECONDS = 3 * 3600  # whole file
ROUNDS = 2  # times each mirror is tried
PAUSE_SECONDS = 1  # before a mirror is tried again
CHUNK = 1 << 16
PAGE = "a web page came instead; is there a login page or proxy?"


class _Refused(Exception):
    """This mirror's answer is of no use; the message says why."""


FAILURES = (
    _Refused,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,  # pooch: the hash differs
)


def fetch(remote, folder, progress=True):
    """The path of `remote` in `folder`, downloaded unless it is there and whole.

    Raises `LessonError` with every cause once all mirrors have failed, and `OSError`
    where nothing can be written.
    """
    pooch.get_logger().setLevel("WARNING")  # our bar says what is loaded
    deadline = time.monotonic() + DEADLINE_SECONDS
    causes = []
    for attempt, url in enumerate(remote.urls * ROUNDS):
        if attempt >= len(remote.urls):
            time.sleep(PAUSE_SECONDS)
        try:
            return pooch.retrieve(
                url,
                known_hash=remote.sha256,
                fname=remote.file_name,
                path=folder,
                downloader=_Download(remote, deadline, progress),
            )
        except FAILURES as error:
            file, code = (getattr(error, name, None) for name in ("filename", "errno"))
            if file or code in FULL:  # this disk's error, not the mirror's
                raise
            causes.append(f"{url}: {_cause(error)}")
    raise LessonError(
        f"could not download {remote.file_name} ({'; '.join(dict.fromkeys(causes))})"
    )


class _Download:
    """A downloader for pooch: called with a URL and a file to write."""

    def __init__(self, remote, deadline, progress):
        self.remote, self.deadline, self.progress = remote, deadline, progress

    def __call__(self, url, output_file, pooch):
        with (
            requests.get(url, stream=True, timeout=(10, READ_SECONDS)) as response,
            open(output_file, "wb") as file,
            tqdm(
                desc=self.remote.file_name,
                total=self.remote.bytes,
                unit="B",
                unit_scale=True,
                disable=not self.progress,
            ) as bar,
        ):
            response.raise_for_status()
            self._plausible(response)
            done = self._copy(response.raw, file, bar)
        if done != self.remote.bytes:
            raise _Refused(f"{done} bytes came instead of {self.remote.bytes}")

    def _plausible(self, response):
        if "text/html" in response.headers.get("content-type", "").lower():
            raise _Refused(PAGE)
        length = int(response.headers.get("content-length", self.remote.bytes))
        if length != self.remote.bytes:
            raise _Refused(f"it offers {length} bytes instead of {self.remote.bytes}")

    def _copy(self, source, file, bar):
        """Copy what has arrived, a read at a time, and watch the clock."""
        done, window_start, window_done = 0, time.monotonic(), 0
        while chunk := source.read1(CHUNK):
            if not done and is_page(chunk):
                raise _Refused(PAGE)
            file.write(chunk)
            done += len(chunk)
            bar.update(len(chunk))
            if done > self.remote.bytes:
                break
            now = time.monotonic()
            if now > self.deadline:
                raise _Refused(f"deadline passed after {done} bytes")
            if now - window_start > WINDOW_SECONDS:
                if (done - window_done) / (now - window_start) < MIN_SPEED:
                    raise _Refused(f"slower than {MIN_SPEED} bytes a second")
                window_start, window_done = now, done
        return done


def _cause(error):
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return f"silent for {READ_SECONDS} s"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error) or type(error).__name__
