"""Untrusted JSON values, read field by field: whatever does not fit becomes a problem with its place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar, cast

from mutua.inventory.problems import Problems, Said, kind_of, quoted
from mutua.message import message

MAX_INVENTORY_BYTES = 64 * 1024
"""The longest inventory document of one device, as compact UTF-8."""

_NUMBER_SHOWN_BELOW = 10**9

T = TypeVar("T")


class Place(Protocol):
    """Where a record comes from."""

    def at(self, field: str) -> Said:
        """The place of one of its fields, as people are told it."""
        ...


class JsonPlace(NamedTuple):
    """A place in a JSON document: the file if there is one, the path, and how the fields are spelled there."""

    file: str | None
    path: str
    spelling: Mapping[str, str]

    def at(self, field: str) -> Said:
        """The place of a field of the object that is here."""
        return self.child(field).said

    def child(self, field: str) -> "JsonPlace":
        """The place under a field."""
        return self.under(self.spelling[field])

    def under(self, key: str) -> "JsonPlace":
        """The place under a key that is no field: one entry of a dictionary."""
        return self._replace(path=f"{self.path}.{key}" if self.path else key)

    def item(self, index: int) -> "JsonPlace":
        """The place of one item of the list that is here, counted from 0."""
        return self._replace(path=f"{self.path}[{index}]")

    @property
    def said(self) -> Said:
        """The place as people are told it."""
        if self.file is None:
            return self.path or message("the document")
        return message("{file}, {path}", file=self.file, path=self.path) if self.path else self.file


class Entry:
    """One JSON object with the fields that it may have. `None` and fallbacks stand for what has been told."""

    def __init__(self, place: JsonPlace, values: Mapping[str, object], problems: Problems) -> None:
        self.place = place
        self._values = values
        self._problems = problems

    def has(self, field: str) -> bool:
        """Whether the field is there."""
        return field in self._values

    def value(self, field: str) -> object:
        """Whatever is in a field, or None."""
        return self._values.get(field)

    def text(self, field: str) -> str | None:
        """The text in a field."""
        if field not in self._values:
            return None
        value = self._values[field]
        if isinstance(value, str):
            return value
        self._problems.expected(self.place.at(field), message("a text"), kind_of(value))
        return None

    def text_or(self, field: str, fallback: str) -> str:
        """The text in a field, or `fallback`."""
        text = self.text(field)
        return fallback if text is None else text

    def name_or_null(self, field: str) -> str | None:
        """The text in a field that may also be null or left out."""
        return None if self._values.get(field) is None else self.text(field)

    def choice(self, field: str, choices: Mapping[str, T] | Mapping[int, T], fallback: T) -> T:
        """What the value of a field stands for, or `fallback`."""
        if field not in self._values:
            return fallback
        return choose(self._values[field], choices, self.place.at(field), self._problems, fallback)

    def items(self, field: str, most: int) -> Iterator[tuple[JsonPlace, object]]:
        """The items of a list, each with its place. A list of more than `most` is told and not read."""
        value = self._values.get(field, [])
        place = self.place.child(field)
        if not isinstance(value, list):
            self._problems.expected(place.said, message("a list"), kind_of(value))
        elif len(value) > most:
            self._problems.expected(place.said, message("at most {most} items", most=most), str(len(value)))
        else:
            yield from ((place.item(index), item) for index, item in enumerate(value))

    def members(self, field: str) -> Mapping[str, object] | None:
        """The members of an object with free keys; None after telling that it is none."""
        value = self._values.get(field)
        if isinstance(value, dict):
            return value
        if field in self._values:
            self._problems.expected(self.place.at(field), message("an object"), kind_of(value))
        return None


def open_entry(
    value: object, place: JsonPlace, problems: Problems, *, required: Sequence[str], optional: Sequence[str] = ()
) -> Entry | None:
    """The JSON object at a place; unknown and missing keys are told. None if it is no object."""
    if not isinstance(value, dict):
        problems.expected(place.said, message("an object"), kind_of(value))
        return None
    fields = {place.spelling[field]: field for field in (*required, *optional)}
    for key in value:
        if key not in fields:
            problems.expected(place.said, message("only the keys {keys}", keys=", ".join(fields)), quoted(str(key)))
    for field in required:
        if place.spelling[field] not in value:
            problems.expected(
                place.said, message("the key {key}", key=place.spelling[field]), message("none of that name")
            )
    return Entry(place, {field: value[key] for key, field in fields.items() if key in value}, problems)


def choose(
    value: object, choices: Mapping[str, T] | Mapping[int, T], where: Said, problems: Problems, fallback: T
) -> T:
    """What a word or number stands for, or `fallback` after telling which ones there are."""
    known = cast("Mapping[object, T]", choices)
    if isinstance(value, str | int) and not isinstance(value, bool) and value in known:
        return known[value]
    problems.expected(where, message("one of {choices}", choices=", ".join(map(str, choices))), _shown(value))
    return fallback


def _shown(value: object) -> Said:
    if isinstance(value, str):
        return quoted(value)
    if type(value) is int and abs(value) < _NUMBER_SHOWN_BELOW:
        return str(value)
    return kind_of(value)


def inventory_text(value: object, where: Said, problems: Problems) -> str:
    """The inventory document as compact JSON text, or `{}` after telling what is wrong with it."""
    if not isinstance(value, dict):
        problems.expected(where, message("an object"), kind_of(value))
        return "{}"
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError):
        problems.expected(
            where,
            message("an inventory document of ordinary depth, finite numbers and Unicode text"),
            message("one that JSON cannot carry"),
        )
        return "{}"
    if size > MAX_INVENTORY_BYTES:
        problems.expected(
            where,
            message("an inventory document of at most {most} bytes", most=MAX_INVENTORY_BYTES),
            str(size),
        )
        return "{}"
    return text
