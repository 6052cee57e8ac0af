"""The tables as they are now. How they came to be is in `migrations/versions`."""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC; databases without time zones keep it naive."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FIRST_IDS = {"users": 10078, "groups": 12000, "devices": 10001}
"""Where the appliance's own numbering begins; clients have seen no smaller ones."""


def _numbered(table: str) -> Column[int]:
    return Column("id", Integer, Identity(start=FIRST_IDS.get(table, 1)), primary_key=True)


users = Table(
    "users",
    metadata,
    _numbered("users"),
    Column("user_name", String(255), nullable=False, unique=True),
    Column("role_id", String(8), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("builtin", Boolean, nullable=False, default=False),
    Column("full_name", String(255), nullable=False, default="", server_default=""),
    Column("must_change_password", Boolean, nullable=False, default=False, server_default=false()),
    sqlite_autoincrement=True,
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", String(160), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index(None, "last_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("last_access_at", Moment, nullable=False),
)

signing_requests = Table(
    "signing_requests",
    metadata,
    _numbered("signing_requests"),
    Column("pem", Text, nullable=False),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("key_sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

identities = Table(
    "identities",
    metadata,
    _numbered("identities"),
    Column("kind", String(16), nullable=False),
    Column("certificates_pem", Text, nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("key_sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

trusted_roots = Table(
    "trusted_roots",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("pem", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    _numbered("credentials"),
    Column("name", String(255), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("user_name", String(255), nullable=False),
    Column("password_sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

groups = Table(
    "groups",
    metadata,
    _numbered("groups"),
    Column("name", String(255), nullable=False, unique=True),
    Column("description", Text, nullable=False, default=""),
    Column("type_id", Integer, nullable=False),
    Column("parent_id", ForeignKey("groups.id")),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

devices = Table(
    "devices",
    metadata,
    _numbered("devices"),
    Column("service_tag", String(64), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("model", String(255), nullable=False),
    Column("type", Integer, nullable=False),
    Column("address", String(255), nullable=False),
    Column("health", Integer, nullable=False),
    Column("inventory", Text, nullable=False),
    Column("credential_id", ForeignKey("credentials.id")),
    Column("quiesced_by", ForeignKey("migrations.id")),
    Column("added_at", Moment, nullable=False),
    Index(None, "id"),  # Rows are long: to count through them, a database wants something shorter.
    Index(None, "quiesced_by"),
    Index(None, "name"),
    Index(None, "type"),
    Index(None, "address"),
    sqlite_autoincrement=True,
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("device_id", ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "device_id"),
)

peers = Table(
    "peers",
    metadata,
    _numbered("peers"),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("address", String(255), nullable=False),
    Column("certificates_pem", Text, nullable=False),
    Column("verified_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

migrations = Table(
    "migrations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("peer_id", ForeignKey("peers.id")),
    Column("phase", String(16), nullable=False),
    Column("digest", String(64)),
    Column("digest_key_sealed", LargeBinary),
    Column("devices", Integer, nullable=False, default=0),
    Column("groups", Integer, nullable=False, default=0),
    Column("credentials", Integer, nullable=False, default=0),
    Column("chunks", Integer, nullable=False, default=0),
    Column("problem", Text),
    Column("created_at", Moment, nullable=False),
)

migration_phases = Table(
    "migration_phases",
    metadata,
    Column("migration_id", ForeignKey("migrations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("phase", String(16), nullable=False),
    Column("at", Moment, nullable=False),
)

outgoing_chunks = Table(
    "outgoing_chunks",
    metadata,
    Column("migration_id", ForeignKey("migrations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("first_id", Integer, nullable=False),
    Column("last_id", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)

staged_chunks = Table(
    "staged_chunks",
    metadata,
    Column("migration_id", ForeignKey("migrations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("records", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("payload_sealed", LargeBinary, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Text, since the hash is over what is kept, and databases differ in how exactly they keep a moment.
    Column("at", String(23), nullable=False),
    Column("user_name", String(255), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("status", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row: the entry that was written last. Whoever writes the next one locks it."""
