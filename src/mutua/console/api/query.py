"""What clients ask of a list: which rows (`$filter`), in which order (`$orderby`), and which page of them.

Each list declares its fields; nothing else can be asked for. Conditions become SQLAlchemy expressions with bound
values. The links from page to page carry where the last one ended (`$skiptoken`), so that no page costs more than
the first one.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, literal, or_, true

from mutua.console.api.collection import Page, collection
from mutua.console.api.errors import invalid_option
from mutua.console.api.odata import (
    Both,
    Comparison,
    Condition,
    Operator,
    QueryError,
    SortedBy,
    Value,
    read_filter,
    read_order,
)
from mutua.message import message

_FILTER, _ORDER, _TOKEN = "$filter", "$orderby", "$skiptoken"
_LARGEST = 2**63 - 1


class Kind(Enum):
    """What values a field has; said so to people where a value does not fit."""

    NUMBER = "a number"
    TEXT = "a text in single quotes"
    IDENTIFIER = "a number, in single quotes or not"
    BOOLEAN = "true or false"


class Field(NamedTuple):
    """A field that a list can be filtered and sorted by, and the column (or expression) that it is in the database."""

    column: ColumnElement[Any]
    kind: Kind
    stored: Callable[[str], str] = str
    """How a text of this field is written in the database."""


Fields = Mapping[str, Field]


def filter_of(page: Page) -> Condition:
    """The condition that a page's `$filter` spells. Raises `ApiError`."""
    try:
        return read_filter(page.filter)
    except QueryError as error:
        raise invalid_option(_FILTER, error.problem) from error


def order_of(page: Page) -> tuple[SortedBy, ...]:
    """The fields that a page's `$orderby` names. Raises `ApiError`."""
    try:
        return read_order(page.orderby) if page.orderby else ()
    except QueryError as error:
        raise invalid_option(_ORDER, error.problem) from error


T = TypeVar("T")


def known(name: str, fields: Mapping[str, T], option: str = _FILTER) -> T:
    """What a list knows of a field. Raises `ApiError` for one that it does not have."""
    if name not in fields:
        raise invalid_option(
            option,
            message("there is no field {name}; expected one of {known}.", name=name[:64], known=", ".join(fields)),
        )
    return fields[name]


def value_of(comparison: Comparison, kind: Kind) -> Value:
    """The value that a field of this kind is compared with. Raises `ApiError` for one that it can never have."""
    value = comparison.value
    fits = {
        Kind.NUMBER: _is_number(value),
        Kind.TEXT: isinstance(value, str),
        Kind.IDENTIFIER: _is_number(value) or (isinstance(value, str) and value.isascii() and value.isdigit()),
        Kind.BOOLEAN: isinstance(value, bool) and comparison.operator in (Operator.EQ, Operator.NE),
    }
    if not fits[kind] or (comparison.operator is Operator.CONTAINS and kind is not Kind.TEXT):
        raise invalid_option(
            _FILTER, message("the field {name} is compared with {kind}.", name=comparison.field, kind=kind.value)
        )
    return min(int(str(value)[:20]), _LARGEST) if kind is Kind.IDENTIFIER else value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class _Sort(NamedTuple):
    field: Field
    descending: bool


def answer(
    connection: Connection,
    rows: Select[Any],
    page: Page,
    fields: Fields,
    kind: str,
    told: Callable[[RowMapping], Mapping[str, object]],
) -> dict[str, object]:
    """A page of `rows` in the appliance's shape, each row as `told`.

    `fields` must have `Id`, which tells any two rows apart. Raises `ApiError` for a query that cannot be answered.
    """
    if page.filter:
        rows = rows.where(_expression(filter_of(page), fields))
    total = connection.execute(rows.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one()
    if not page.top:
        return collection(kind, [], total, page)
    order = _order(page, fields)
    found = connection.execute(_page(rows, order, page)).mappings().all()
    ended = [found[-1][_sort_name(number)] for number in range(len(order))] if found else []
    token = _token(page.skip + len(found), page.orderby, ended)
    return collection(kind, [told(row) for row in found], total, page, token)


def _page(rows: Select[Any], order: Sequence[_Sort], page: Page) -> Select[Any]:
    columns = [sort.field.column.label(_sort_name(number)) for number, sort in enumerate(order)]
    directions = [sort.field.column.desc() if sort.descending else sort.field.column.asc() for sort in order]
    ordered = rows.order_by(*directions)
    after = _after(page, order)
    if after is not None:
        return ordered.where(after).limit(page.top).add_columns(*columns)
    key = order[-1].field.column
    # What is skipped is counted by the key alone, which an index has; the rows themselves are long.
    shown = ordered.with_only_columns(key).limit(page.top).offset(page.skip)
    return ordered.where(key.in_(shown)).add_columns(*columns)


def _sort_name(number: int) -> str:
    return f"_sorted_by_{number}"


def _expression(condition: Condition, fields: Fields) -> ColumnElement[bool]:
    if isinstance(condition, Comparison):
        return _comparison(condition, fields)
    parts = [_expression(part, fields) for part in condition.parts]
    return and_(*parts) if isinstance(condition, Both) else or_(*parts)


def _comparison(comparison: Comparison, fields: Fields) -> ColumnElement[bool]:
    field = known(comparison.field, fields)
    column, operator = field.column, comparison.operator
    value = value_of(comparison, field.kind)
    if isinstance(value, str):
        value = field.stored(value)
    if operator is Operator.CONTAINS:
        # As the standard has it, case counts; LIKE would see to that in one database and not in the other.
        return true() if value == "" else func.replace(column, value, "") != column
    return _OPERATORS[operator](column, literal(value))


_OPERATORS: Mapping[Operator, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]] = {
    Operator.EQ: lambda column, value: column == value,
    Operator.NE: lambda column, value: column != value,
    Operator.GT: lambda column, value: column > value,
    Operator.GE: lambda column, value: column >= value,
    Operator.LT: lambda column, value: column < value,
    Operator.LE: lambda column, value: column <= value,
}


def _order(page: Page, fields: Fields) -> list[_Sort]:
    """Always down to the field that no two rows share, in the direction of the one before, as an index has it."""
    named = order_of(page)
    named = (*named, SortedBy("Id", descending=bool(named) and named[-1].descending))
    return [_Sort(known(sort.field, fields, _ORDER), sort.descending) for sort in named]


def _token(skip: int, orderby: str, ended: Sequence[object]) -> str:
    text = json.dumps([skip, orderby, *ended], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(page: Page, order: Sequence[_Sort]) -> ColumnElement[bool] | None:
    """What the rows after the last page's are told by; None where the number of rows to skip says it.

    A client that changes `$skip` in a link gets the rows that it asks for.
    """
    if not page.skiptoken:
        return None
    try:
        skip, orderby, *values = json.loads(base64.urlsafe_b64decode(page.skiptoken + "=" * (-len(page.skiptoken) % 4)))
        if not _is_number(skip) or orderby != page.orderby or len(values) != len(order):
            raise ValueError
        if not all(map(_fits, values, order)):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        problem = message("it belongs to another list; take the link as it was given.")
        raise invalid_option(_TOKEN, problem) from error
    return _beyond(order, values) if skip == page.skip else None


def _fits(value: object, sort: _Sort) -> bool:
    match sort.field.kind:
        case Kind.TEXT:
            return isinstance(value, str) and bool(value.encode() or True)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
    return isinstance(value, int) and _is_number(value) and abs(value) <= _LARGEST


def _beyond(order: Sequence[_Sort], values: Sequence[Any]) -> ColumnElement[bool]:
    """After a row with these values: greater in the first field, or equal there and after it by the rest."""
    (sort, *rest), (value, *others) = order, values
    column = sort.field.column
    further = column < literal(value) if sort.descending else column > literal(value)
    if not rest:
        return further
    # The bound alone would be implied; written out, an index can start from it.
    bound = column <= literal(value) if sort.descending else column >= literal(value)
    return and_(bound, or_(further, _beyond(rest, others)))
