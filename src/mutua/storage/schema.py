"""The schema steps: which ones there are, which one a database is at, and going on from there."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")


def step_of(connection: Connection) -> str | None:
    """The step that the database is at; None where it has no tables yet."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def bring_to(connection: Connection, step: str = "head") -> None:
    """Run the steps up to `step` inside the caller's transaction. Raises `CommandError` for an unknown one."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, step)


def steps() -> tuple[str, ...]:
    """Every step that this program knows, the first one first."""
    from alembic.script import ScriptDirectory

    newest_first = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in newest_first)[::-1]


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
