"""Regular expressions that a library compiles when it is imported, compiled when they are first used instead."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_compile = re.compile


class _OnDemand:
    """Stands for a pattern, and becomes it when somebody asks for one of its methods."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        return getattr(_compile(*self._arguments), name)


@contextmanager
def on_demand() -> Iterator[None]:
    """Let patterns that are declared meanwhile wait for their use. For imports, before there are threads."""
    re.compile = _OnDemand  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile
