"""Settings that a console keeps in its database."""

from uuid import uuid4

from sqlalchemy import Connection, ScalarSelect, select, update

from mutua.storage.database import Database
from mutua.storage.tables import settings


def guid(database: Database) -> str:
    """The console's own identifier, made on first use."""
    with database.writing() as connection:
        found = connection.execute(select(settings.c.value).where(settings.c.name == "guid")).scalar_one_or_none()
        if found is None:
            found = str(uuid4())
            connection.execute(settings.insert().values(name="guid", value=found))
        return found


def kept(name: str) -> ScalarSelect[str | None]:
    """The value of a setting as part of a query; null where nobody has set it."""
    return select(settings.c.value).where(settings.c.name == name).scalar_subquery()


def keep(connection: Connection, name: str, value: str) -> None:
    """Set a setting."""
    changed = connection.execute(update(settings).where(settings.c.name == name).values(value=value))
    if not changed.rowcount:
        connection.execute(settings.insert().values(name=name, value=value))
