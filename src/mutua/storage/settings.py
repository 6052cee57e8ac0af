"""Settings that a console keeps in its database."""

from uuid import uuid4

from sqlalchemy import select

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
