"""The message in an error body, as API answers carry it and the application log repeats it (R12–R18)."""

from typing import NamedTuple


class Cause(NamedTuple):
    """The first extended message of an error body: its id and its arguments."""

    message_id: str
    arguments: tuple[str, ...]


def cause_of(body: object) -> Cause | None:
    """The cause that an error body names; None if it is no error body."""
    error = _member(body, "error")
    extended = _member(error, "@Message.ExtendedInfo")
    first = extended[0] if isinstance(extended, list) and extended else None
    message_id = _member(first, "MessageId")
    if not isinstance(message_id, str):
        return None
    arguments = _member(first, "MessageArgs")
    return Cause(message_id, texts(arguments))


def texts(value: object) -> tuple[str, ...]:
    """The texts in a JSON list; nothing else that may be in it, and nothing if it is no list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _member(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None
