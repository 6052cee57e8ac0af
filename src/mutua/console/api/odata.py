"""The text of `$filter` and `$orderby` (OData 4.01, URL conventions), read into conditions. Pure, and bounded.

Read are the comparisons, `and`, `or`, `contains`, parentheses, and `any` over a collection of one field's objects.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from mutua.message import Message, message

MAX_LENGTH = 4096
MAX_DEPTH = 20
MAX_COMPARISONS = 100
MAX_SORTED_BY = 5

Value: TypeAlias = str | int | bool | None


class Operator(StrEnum):
    """How a field is compared with a value."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    CONTAINS = "contains"


class Comparison(NamedTuple):
    """One field and one value. A field below another is written with a slash, `JobType/Id`."""

    field: str
    operator: Operator
    value: Value


class Both(NamedTuple):
    """All of the parts."""

    parts: tuple["Condition", ...]


class Either(NamedTuple):
    """At least one of the parts."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Comparison | Both | Either


class SortedBy(NamedTuple):
    """One field to sort by."""

    field: str
    descending: bool


class QueryError(Exception):
    """The text cannot be read; `problem` says where and why."""

    def __init__(self, problem: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


_TOKENS = re.compile(
    r"(?P<blank>[ \t]+)|(?P<text>'(?:[^']|'')*')|(?P<number>-?[0-9]+\b)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)|(?P<mark>[(),:])"
)
_END = "end"
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 18
"""A number of so many digits fits into 64 bits."""
_SHOWN = 40
ANY = "any"
"""A field of the objects in a collection is called `Collection/any/Field`."""


def read_filter(text: str) -> Condition:
    """The condition that a `$filter` spells. Raises `QueryError`."""
    return _Reader(text).whole()


def read_order(text: str) -> tuple[SortedBy, ...]:
    """The fields that an `$orderby` names. Raises `QueryError`."""
    if len(text) > MAX_LENGTH or text.count(",") >= MAX_SORTED_BY:
        raise QueryError(message("at most {limit} fields can be sorted by.", limit=MAX_SORTED_BY))
    return tuple(_sorted_by(part) for part in text.split(","))


def _sorted_by(text: str) -> SortedBy:
    match [token for token in _tokens(text) if token.kind != _END]:
        case [_Token("name", field, _)]:
            return SortedBy(field, descending=False)
        case [_Token("name", field, _), _Token("name", "asc" | "desc" as direction, _)]:
            return SortedBy(field, descending=direction == "desc")
    raise QueryError(
        message("{text!r} is no field to sort by; expected e.g. Id or Id desc.", text=text.strip()[:_SHOWN])
    )


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None or found.lastgroup is None:
            raise QueryError(
                message("{text!r} at character {at} cannot be read.", text=text[at : at + _SHOWN], at=at + 1)
            )
        if found.lastgroup != "blank":
            yield _Token(found.lastgroup, found[0], at)
        at = found.end()
    yield _Token(_END, "", len(text))


class _Reader:
    """Reads by recursive descent: `or` binds less than `and`."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise QueryError(message("it has more than {limit} characters.", limit=MAX_LENGTH))
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0
        self._comparisons = 0
        self._collection: tuple[str, str] | None = None

    def whole(self) -> Condition:
        condition = self._either()
        if self._peek().kind != _END:
            raise self._unexpected("and, or, or the end")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take("name", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._take("name", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Condition:
        if self._take("mark", "("):
            return self._inside()
        name = self._expect("name", "a field")
        collection, _slash, function = name.rpartition("/")
        if function == ANY and collection and self._take("mark", "("):
            return self._any(collection)
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise QueryError(message("it compares more than {limit} times.", limit=MAX_COMPARISONS))
        if name == Operator.CONTAINS and self._take("mark", "("):
            return self._contains()
        return self._comparison(self._field(name))

    def _inside(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(message("its parentheses are nested more than {limit} deep.", limit=MAX_DEPTH))
        condition = self._either()
        self._expect("mark", ")")
        self._depth -= 1
        return condition

    def _any(self, collection: str) -> Condition:
        """`Collection/any(x:x/Field eq 1)`, for one collection at a time."""
        if self._collection is not None:
            raise self._unexpected("no any inside any")
        variable = self._expect("name", "a variable")
        self._expect("mark", ":")
        self._collection = (variable, collection)
        condition = self._inside()
        self._collection = None
        return condition

    def _contains(self) -> Comparison:
        field = self._field(self._expect("name", "a field"))
        self._expect("mark", ",")
        text = self._value()
        if not isinstance(text, str):
            raise self._unexpected("a text in single quotes", back=1)
        self._expect("mark", ")")
        return Comparison(field, Operator.CONTAINS, text)

    def _comparison(self, field: str) -> Comparison:
        word = self._peek()
        if word.kind != "name" or word.text not in _COMPARISONS:
            raise self._unexpected("eq, ne, gt, ge, lt or le")
        self._next += 1
        return Comparison(field, Operator(word.text), self._value())

    def _field(self, name: str) -> str:
        if self._collection is None:
            return name
        variable, collection = self._collection
        of, _slash, field = name.partition("/")
        if of != variable or not field:
            raise self._unexpected(f"a field of {variable}", back=1)
        return f"{collection}/{ANY}/{field}"

    def _value(self) -> Value:
        token = self._peek()
        self._next += token.kind != _END
        if token.kind == "text":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "number" and len(token.text.removeprefix("-")) <= _MAX_DIGITS:
            return int(token.text)
        if token.kind == "name" and token.text in _WORDS:
            return _WORDS[token.text]
        raise self._unexpected("a number, true, false, null, or a text in single quotes", back=token.kind != _END)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        taken = token.kind == kind and token.text == text
        self._next += taken
        return taken

    def _expect(self, kind: str, what: str) -> str:
        token = self._peek()
        if token.kind != kind or (kind == "mark" and token.text != what):
            raise self._unexpected(what)
        self._next += 1
        return token.text

    def _unexpected(self, expected: str, back: int = 0) -> QueryError:
        token = self._tokens[self._next - back]
        return QueryError(
            message(
                "expected {expected} at character {at}, found {found}.",
                expected=expected,
                at=token.at + 1,
                found=repr(token.text[:_SHOWN]) if token.kind != _END else "the end",
            )
        )


_COMPARISONS = frozenset(Operator) - {Operator.CONTAINS}
