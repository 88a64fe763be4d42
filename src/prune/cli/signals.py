"""Signals that end a run: what came, and that none of them is lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

came: list[KeyboardInterrupt] = []  # what signals raised in this run, the first one first
_AGAIN = 0.01  # seconds after which a signal is sent again


class Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C (SIGINT).

    Of a class of our own: where Python's own goes through code that was text, as `exec` in the
    making of a dataclass, Python kills itself at the end, whatever status it was given meanwhile.
    """


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


@contextmanager
def heard(restore: bool) -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does; afterwards all is as it was.

    Without `restore` the process ends after it, and nothing may change how.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came.clear()
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    show = sys.unraisablehook
    sys.unraisablehook = partial(_send_again, show)
    signal.signal(signal.SIGTERM, _raise)
    if before[signal.SIGINT] is signal.default_int_handler:  # else it is ignored, as by nohup
        signal.signal(signal.SIGINT, _raise)
    try:
        yield
    finally:
        sys.unraisablehook = show
        for which, handler in before.items():
            signal.signal(which, handler if restore else signal.SIG_IGN)


def ignore() -> None:
    """Let nothing come between what went wrong and the line that says so."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _raise(signum: int, frame: FrameType | None) -> None:
    came.append(Terminated() if signum == signal.SIGTERM else Interrupted())
    raise came[-1]


def _send_again(
    show: Callable[[sys.UnraisableHookArgs], None], lost: sys.UnraisableHookArgs
) -> None:
    """Send a signal again that came where Python lets nothing be raised; show any other error.

    A finalizer is such a place, or what a thread pool does once it is no longer used: the run would
    go on as if nobody had asked it to end.
    """
    if lost.exc_value not in came:
        show(lost)
        return
    number = signal.SIGTERM if isinstance(lost.exc_value, Terminated) else signal.SIGINT
    here = threading.get_ident()  # the main thread, where all signals are raised
    again = threading.Timer(_AGAIN, signal.pthread_kill, (here, number))
    again.daemon = True  # a run that has ended waits for none
    again.start()
