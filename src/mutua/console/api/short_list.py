"""The same queries on a short list whose rows are not in the database as they are told."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mutua.console.api.collection import Page, collection
from mutua.console.api.odata import Both, Comparison, Condition, Operator
from mutua.console.api.query import Kind, filter_of, known, order_of, value_of

Row = Mapping[str, Any]
Kinds = Mapping[str, Kind]

_OPERATORS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.CONTAINS: operator.contains,
}


def answer(rows: Sequence[Row], page: Page, kinds: Kinds, kind: str) -> dict[str, object]:
    """A page of the rows in the appliance's shape. Raises `ApiError` for a query that cannot be answered."""
    if page.filter:
        condition = filter_of(page)
        _check(condition, kinds)
        rows = [row for row in rows if _matches(row, condition, kinds)]
    order = order_of(page)
    if order and order[-1].descending:
        rows = rows[::-1]
    for sort in reversed(order):
        field_kind = known(sort.field, kinds, "$orderby")
        rows = sorted(rows, key=lambda row: _told(row, sort.field, field_kind), reverse=sort.descending)
    return collection(kind, rows[page.skip : page.skip + page.top], len(rows), page)


def _check(condition: Condition, kinds: Kinds) -> None:
    """Whether there are rows or not, a query that cannot be answered is refused."""
    if isinstance(condition, Comparison):
        value_of(condition, known(condition.field, kinds))
        return
    for part in condition.parts:
        _check(part, kinds)


def _matches(row: Row, condition: Condition, kinds: Kinds) -> bool:
    if isinstance(condition, Comparison):
        kind = kinds[condition.field]
        told = _told(row, condition.field, kind)
        return _OPERATORS[condition.operator](told, value_of(condition, kind))
    every = all if isinstance(condition, Both) else any
    return every(_matches(row, part, kinds) for part in condition.parts)


def _told(row: Row, field: str, kind: Kind) -> Any:
    value: Any = row
    for name in field.split("/"):
        value = value[name]
    return int(value) if kind is Kind.IDENTIFIER else value
