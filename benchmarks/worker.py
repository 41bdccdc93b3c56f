"""An object in a process of its own, asked from here.

OpenBLAS threads spin for about 100 ms after their last call, and in one process would
slow torch several times over. So each side computes in its own `Worker`, in turn, with
a pause between and the same number of threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from threading import RLock
from typing import Any

from tqdm import tqdm

from parity import THREAD_VARIABLES
from parity.terminal import left_alone

PAUSE = 0.15  # seconds, until the threads of the other side have gone to sleep


class Worker:
    """An object in its own process, which does one thing at a time when asked.

    Parameters
    ----------
    build : callable
        Makes the object there, from `arguments`; both are pickled.
    """

    def __init__(self, build: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, build, arguments), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the object returns, or raise what it raises."""
        time.sleep(PAUSE)
        with suppress(ConnectionError):  # One that failed has left its reason to read.
            self._pipe.send((method, arguments))
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise RuntimeError(f"a worker ended: {self._process.exitcode}") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def hang_up(self) -> None:
        """Let the process end by itself; it takes a second to unload torch."""
        self._pipe.close()

    def close(self) -> None:
        """End the process."""
        self.hang_up()
        self._process.join(timeout=5)
        self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()


@contextmanager
def workers(
    threads: int, builders: dict[str, Callable[..., Any]], *arguments: Any
) -> Iterator[dict[str, Worker]]:
    """Start a worker for each builder, pinned to so many threads, and end them all."""
    with pinned(threads), left_alone():
        started = {name: Worker(build, *arguments) for name, build in builders.items()}
    try:
        yield started
    except KeyboardInterrupt:
        for worker in started.values():
            worker.kill()
        raise
    finally:
        for worker in started.values():
            worker.hang_up()
        for worker in started.values():
            worker.close()


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Pin the processes that are started meanwhile to so many threads."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which every process of a terminal is sent, to the one that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _serve(pipe: Connection, build: Callable[..., Any], arguments: Any) -> None:
    """Answer requests until the other end is closed."""
    ignore_interrupts()
    tqdm.set_lock(RLock())  # Its own, shared by processes, would outlive a kill.
    try:
        subject = build(*arguments)
        while True:
            method, given = pipe.recv()
            pipe.send(getattr(subject, method)(*given))
    except (EOFError, ConnectionError):
        pass
    except Exception as error:
        pipe.send(error)
