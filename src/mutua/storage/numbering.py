"""The numbers that rows get by themselves: the last one given for each table, so that none is given twice."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text


def last_numbers(connection: Connection) -> dict[str, int]:
    """The last number given, by table; a number that was given and whose row is gone counts too."""
    if connection.dialect.name == "sqlite":
        return _pairs(connection, "SELECT name, seq FROM sqlite_sequence")
    found = {}
    for table, sequence in _sequences(connection).items():
        position = text(f"SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM {sequence}")  # noqa: S608
        found[table] = int(connection.execute(position).scalar_one())
    return found


def go_on_after(connection: Connection, numbers: Mapping[str, int]) -> None:
    """Give only numbers higher than these, and higher than those that were given already."""
    present = last_numbers(connection)
    for table, number in numbers.items():
        highest = max(number, present.get(table, 0))
        if connection.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
            values = {"name": table, "seq": highest}
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), values)
        elif sequence := _sequences(connection).get(table):
            highest = max(highest, _highest_id(connection, table))
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :number, :called)"),
                               {"name": sequence, "number": max(highest, 1), "called": highest > 0})  # fmt: skip


def _sequences(connection: Connection) -> dict[str, str]:
    """The sequence of each numbered table, by table; PostgreSQL quotes the names where that is needed."""
    numbered = (
        "SELECT c.relname, pg_get_serial_sequence(quote_ident(c.relname), 'id') FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND a.attidentity <> ''"
        " WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid)"
    )
    return _pairs(connection, numbered)


def _pairs(connection: Connection, query: str) -> dict[str, Any]:
    return {row[0]: row[1] for row in connection.execute(text(query))}


def _highest_id(connection: Connection, table: str) -> int:
    quoted = connection.dialect.identifier_preparer.quote(table)
    highest = text(f"SELECT coalesce(max(id), 0) FROM {quoted}")  # noqa: S608
    return int(connection.execute(highest).scalar_one())
