"""Alembic's entry: run the schema steps on the connection that `Database` hands over."""

from alembic import context

from mutua.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
