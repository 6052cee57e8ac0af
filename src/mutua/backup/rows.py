"""The rows of a console's database, out of it and into it, whichever schema step it is at.

The tables are taken as the database has them, not as the code knows them now: a backup is restored at the step at
which it was taken, and the steps that came since are run on it. Secrets leave opened and are sealed again with the
key of the console that they come to, each for its place.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, DateTime, LargeBinary, MetaData, Table, func, select, update

from mutua.inventory import store
from mutua.migration import source, target
from mutua.migration.phases import Role
from mutua.peering import identity
from mutua.storage import numbering, schema
from mutua.storage.sealing import Sealer

LEFT_OUT = frozenset({"alembic_version", "sessions", "sign_in_failures", "outgoing_chunks", "staged_chunks"})
"""What belongs to a running console alone: who is signed in, who failed to, and what is on its way."""

_PORTION = 500

Values = Mapping[str, Any]


def _key_place(row: Values) -> str:
    return identity.seal_place(row["key_sha256"])


def _digest_key_place(row: Values) -> str:
    return source.seal_place(row["id"]) if row["role"] == Role.SOURCE else target.seal_place(row["id"], 0)


SECRETS: Mapping[tuple[str, str], Callable[[Values], str]] = {
    ("credentials", "password_sealed"): lambda row: store.seal_place(row["name"]),
    ("signing_requests", "key_sealed"): _key_place,
    ("identities", "key_sealed"): _key_place,
    ("migrations", "digest_key_sealed"): _digest_key_place,
}
"""The columns that are sealed, by table and name, and the place that each row's is sealed for."""


class Row(NamedTuple):
    """A row of a table; moments are text in ISO 8601, bytes are Base 64, secrets are open."""

    table: str
    values: Mapping[str, Any]

    def to_json(self) -> str:
        """One line."""
        return json.dumps([self.table, self.values], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, value: object) -> "Row":
        """A row again. Raises `ValueError`."""
        match value:
            case [str(table), dict(values)]:
                return cls(table, values)
        raise ValueError("no row")


def count(connection: Connection) -> dict[str, int]:
    """How many rows each table has that belongs to a backup."""
    tables = _tables(connection)
    return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def read(connection: Connection, sealer: Sealer) -> Iterator[Row]:
    """Every row, a table after those that it refers to. Raises `SealBrokenError`."""
    for table in _tables(connection):
        ordered = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_PORTION)
        for found in connection.execute(ordered).mappings():
            values = {column.name: found[column] for column in table.columns}
            yield Row(table.name, {column.name: _said(column, values, sealer) for column in table.columns})


def replace(connection: Connection, sealer: Sealer, step: str, rows: Iterable[Row]) -> None:
    """Put these rows in the place of everything that the database has, inside the caller's transaction.

    Raises `ValueError` for rows that do not fit the tables of that step, and what the database raises.
    """
    everything = MetaData()
    everything.reflect(connection)
    everything.drop_all(connection)
    schema.bring_to(connection, step)
    tables = {table.name: table for table in _tables(connection)}
    for name, of_table in groupby(rows, lambda row: row.table):
        if name not in tables:
            raise ValueError(f"there is no table {name}")
        _fill(connection, tables[name], of_table, sealer)


def finish(connection: Connection, numbers: Mapping[str, int]) -> None:
    """After the last row: number new rows as the console would have, and run the steps that came since."""
    numbering.go_on_after(connection, {name: number for name, number in numbers.items() if name not in LEFT_OUT})
    schema.bring_to(connection)


def _tables(connection: Connection) -> list[Table]:
    """The tables of a backup, each after those that it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in LEFT_OUT]


def _fill(connection: Connection, table: Table, rows: Iterable[Row], sealer: Sealer) -> None:
    """What refers to its own table does so last, since rows come in no order that would fit."""
    own = [c.name for c in table.columns if any(key.column.table is table for key in c.foreign_keys)]
    referring: list[dict[str, Any]] = []
    iterator = iter(rows)
    while portion := [_stored(table, row.values, sealer) for row in islice(iterator, _PORTION)]:
        referring += [{name: values[name] for name in ("id", *own)} for values in portion if any(map(values.get, own))]
        connection.execute(table.insert(), [values | dict.fromkeys(own) for values in portion])
    for values in referring:
        connection.execute(update(table).where(table.c.id == values.pop("id")).values(values))


def _said(column: Column[Any], row: Values, sealer: Sealer) -> object:
    value = row[column.name]
    place = SECRETS.get((column.table.name, column.name))
    if isinstance(value, bytes):
        if place is None and column.name.endswith("_sealed"):
            raise LookupError(f"it is not known what {column.table.name}.{column.name} is sealed for")
        return b64encode(sealer.open(value, place(row)) if place else value).decode("ascii")
    return value.replace(tzinfo=UTC).isoformat() if isinstance(value, datetime) else value


def _stored(table: Table, values: Values, sealer: Sealer) -> dict[str, Any]:
    if values.keys() != set(table.columns.keys()):
        raise ValueError(f"the columns of {table.name} are others")
    return {column.name: _kept(column, values, sealer) for column in table.columns}


def _kept(column: Column[Any], row: Values, sealer: Sealer) -> object:
    value = row[column.name]
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        place = SECRETS.get((column.table.name, column.name))
        content = b64decode(value, validate=True)
        return sealer.seal(content, place(row)) if place else content
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    return value
