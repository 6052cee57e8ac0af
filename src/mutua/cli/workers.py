"""The same work on all cores, and no process left behind: neither by Ctrl-C nor by the end of the first one."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_work: list[Callable[[Any], Any]] = []
"""What this worker does; it is inherited, since certificates cannot be sent."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block.

    Where it comes while other languages call Python (the engine, the fork of a process), it would be lost, or taken for
    a fault of a certificate.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def in_processes(work: Callable[[T], R], chunks: Sequence[T], cores: int) -> Iterator[R]:
    """What `work` makes of each chunk, in order. Chunks and results are sent between processes, `work` is not."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Forked workers have everything imported, and the issuers in memory that were met so far. They inherit the blocked
    # signal too: Ctrl-C reaches all processes, and the first one ends the others.
    executor = ProcessPoolExecutor(cores, mp_context=get_context("fork"), initializer=_begin, initargs=(work,))
    try:
        with undisturbed():
            results = executor.map(_done, chunks)
        yield from results
    finally:
        with undisturbed():
            executor.shutdown(cancel_futures=True)


def _begin(work: Callable[[Any], Any]) -> None:
    from threading import Thread

    _work[:] = [work]
    Thread(target=_end_with_the_first_process, daemon=True).start()


def _end_with_the_first_process() -> None:
    """Where that one is killed, nobody says that there is nothing more to do."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _done(chunk: Any) -> Any:
    return _work[0](chunk)
