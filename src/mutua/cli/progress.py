"""A bar on the terminal for work that takes longer than a moment; nothing where nobody looks."""

import sys
import time
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

UNSEEN_S = 1.0
"""For how long nothing is shown."""

_REDRAWN_S = 0.1


def with_progress(work: Iterable[T], total: int, what: str | None) -> Generator[T]:
    """The same items; while they take long, a bar on standard error says how many of `total` there were.

    `what` stands before the bar; with None there is none.
    """
    yield from _drawn(work, total, what) if what is not None and sys.stderr.isatty() else work


def _drawn(work: Iterable[T], total: int, what: str) -> Iterator[T]:
    items = iter(work)
    begun = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        if time.monotonic() - begun > UNSEEN_S:
            break
    if done < total:
        yield from _with_bar(items, done, total, what)


def _with_bar(items: Iterator[T], done: int, total: int, what: str) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    drawn = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            done += 1
            if time.monotonic() - drawn > _REDRAWN_S:
                drawn = time.monotonic()
                bar.update(task, completed=done, refresh=True)
