"""The rules that the records of a fleet obey, whatever their kind: what a name is, that it is unique, no circles."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from mutua.inventory.problems import Problems, Said, quoted
from mutua.inventory.shape import Place
from mutua.message import Message, message

_SERVICE_TAG = re.compile(r"[A-Za-z0-9-]{1,64}")
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST_NAME = 253

R = TypeVar("R")


class Placed(NamedTuple, Generic[R]):
    """A record and where it comes from, so that a problem can be told with its place."""

    place: Place
    record: R


def check_service_tag(text: str, where: Said, problems: Problems) -> None:
    """Tell if a text cannot be a service tag."""
    if not _SERVICE_TAG.fullmatch(text):
        problems.expected(where, message("a service tag of 1 to 64 letters, digits and hyphens"), quoted(text))


def check_address(text: str, where: Said, problems: Problems) -> None:
    """Tell if a text is neither an IP address nor a host name (RFC 1123, and the underscore that people use)."""
    if not (_is_ip_address(text) or _is_host_name(text)):
        problems.expected(where, message("an IP address or a host name"), quoted(text))


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    # A zone, as in fe80::1%eth0, means something on one machine only.
    return "%" not in text


def _is_host_name(text: str) -> bool:
    labels = text.split(".")
    all_fit = all(map(_HOST_LABEL.fullmatch, labels))
    return len(text) <= _LONGEST_HOST_NAME and all_fit and not labels[-1].isdigit()


def check_unique(placed: Sequence[Placed[R]], field: str, expected: Message, problems: Problems) -> None:
    """Tell each record whose `field` another one had before it, with both places."""
    first: dict[object, Place] = {}
    for place, record in placed:
        name = getattr(record, field)
        if name in first:
            problems.add(
                message(
                    "{where}: expected {expected}, found {name}, which is already at {first}.",
                    where=place.at(field),
                    expected=expected,
                    name=quoted(name),
                    first=first[name].at(field),
                )
            )
        first.setdefault(name, place)


def circles(parents: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Every circle in which names are each other's parents, once. Takes time linear in the number of names."""
    settled: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in parents and name not in settled and name not in path:
            path[name] = None
            name = parents[name]
        if name is not None and name in path:
            climbed = list(path)
            yield climbed[climbed.index(name) :]
        settled.update(path)


def told_circle(circle: Sequence[str]) -> str:
    """A circle as people are told it; only the first few names of a long one."""
    shown = [quoted(name) for name in circle[:4]]
    return " → ".join([*shown, *(["…"] if len(circle) > len(shown) else []), shown[0]])
