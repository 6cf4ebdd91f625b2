"""Run a learner's code for a limited time and leave the random numbers alone."""

import contextlib
import ctypes
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

from .traces import is_theirs

SECONDS = 8.0  # for one answer; with what is around it a check stays under ten
AGAIN = 0.2  # seconds until the interrupt is repeated, in case the code swallowed it


class OutOfTime(BaseException):
    """Raised inside code that runs too long; not an `Exception`, so rarely caught."""


def limited(function: Callable):
    """Return `function()`; raise `OutOfTime` if it runs longer than SECONDS.

    On the main thread under Unix a timer interrupts it, again if it swallows that.
    Elsewhere it runs in a thread that is asked to stop, and left behind if it does not.
    A single call into C is interrupted only when it returns. Three kinds of code may
    hold the main thread for ever: one that switches the timer off, one endless loop
    inside another in the same function, where both swallow every error, and a function
    that calls itself without end and swallows the `RecursionError`.
    """
    on_main = threading.current_thread() is threading.main_thread()
    by_timer = on_main and hasattr(signal, "setitimer")
    return (_by_timer if by_timer else _by_thread)(function, SECONDS)


def _by_timer(function: Callable, seconds: float):
    armed = True

    def ring(signum, frame):
        if armed:
            _raise_again_outwards(frame)
            raise OutOfTime

    tracing, profiling = sys.gettrace(), sys.getprofile()
    handler = signal.signal(signal.SIGALRM, ring)
    start = time.monotonic()
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        return function()
    finally:
        armed = False
        sys.setprofile(profiling)
        sys.settrace(tracing)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if remaining:  # someone else's timer goes on, less the time that we used
            left = max(remaining - (time.monotonic() - start), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _raise_again_outwards(frame) -> None:
    """Make a bare `except:` that catches the interrupt fail at its own first line.

    Python ends the tracing with the error that it raised. So each function that is
    left begins it anew in its caller, where another `except:` may wait.
    """

    def again(frame, event, arg):
        if event == "line":
            raise OutOfTime
        return again

    def watch(frame):
        if frame and is_theirs(frame.f_code.co_filename):
            sys.settrace(lambda *_: None)  # new frames run as usual
            frame.f_trace = again

    def leaving(frame, event, arg):
        if event == "return":
            watch(frame.f_back)

    sys.setprofile(leaving)
    watch(frame)


def _by_thread(function: Callable, seconds: float):
    outcome = {}

    def run():
        try:
            outcome["value"] = function()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    except KeyboardInterrupt:
        _interrupt(thread)  # else it would run on for ever
        raise
    if thread.is_alive():
        _interrupt(thread)
        error = outcome.get("error")  # it knows where the code was
        raise error if isinstance(error, OutOfTime) else OutOfTime
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def _interrupt(thread: threading.Thread) -> None:
    """Raise `OutOfTime` in the thread, again if it was swallowed, for a second."""
    for _ in range(5):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime)
        )
        thread.join(AGAIN)
        if not thread.is_alive():
            return


@contextlib.contextmanager
def kept_random_state() -> Iterator[None]:
    """Start from fixed seeds, and put every global random state back at the end."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    on_cuda = torch.cuda.is_initialized()
    devices = range(torch.cuda.device_count()) if on_cuda else ()
    try:
        with torch.random.fork_rng(devices):
            # torch.manual_seed would seed the accelerators too, for good
            torch.default_generator.manual_seed(0)
            random.seed(0)
            np.random.seed(0)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextlib.contextmanager
def plain_torch() -> Iterator[None]:
    """New tensors of float32 on the CPU, gradients on, whatever the notebook switched.

    In one thread: the tensors of a check are small.
    """
    import torch

    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)  # on a busy machine several mostly wait for each other
    try:
        with (
            torch.device("cpu"),
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast("cpu", enabled=False),
        ):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
