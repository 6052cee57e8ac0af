"""What a restore would change, told by the names that people know: before it is done, and after."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import Connection, RowMapping, Select, Table, select

from mutua.backup.hindrances import Undone
from mutua.chain.decode import decode
from mutua.inventory.store import USER_DEFINED, seal_place
from mutua.migration import journal
from mutua.peering.identity import IdentityKind
from mutua.storage.sealing import SealBrokenError, Sealer
from mutua.storage.tables import (
    credentials,
    devices,
    group_members,
    groups,
    identities,
    peers,
    signing_requests,
    trusted_roots,
    users,
)

KINDS = ("devices", "groups", "credentials", "accounts", "roots", "requests", "identities", "peers", "migrations")
"""What is compared, in the order in which it is told."""

_OF_A_CONSOLE_IN_USE = ("devices", "groups", "credentials", "roots", "requests", "peers", "migrations")
_PORTION = 500
_DIGITS_SHOWN = 12

Ts = TypeVarTuple("Ts")

Named = Mapping[str, bytes]
"""Things of one kind: a digest of all that is known of each, by its name."""


class Change(NamedTuple):
    """What happens to things of one kind; names in order."""

    kind: str
    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Preview(NamedTuple):
    """What a restore changes."""

    over_empty: bool
    """The console has nothing yet but what a first start makes."""
    changes: tuple[Change, ...]
    undone: tuple[Undone, ...]


class Summary(NamedTuple):
    """Everything that a console has, by kind. Kept in memory only: it holds digests of secrets."""

    things: Mapping[str, Named]
    kinds_of_identity: frozenset[str]

    @property
    def is_empty(self) -> bool:
        """Whether a first start would have made as much."""
        in_use = any(self.things[kind] for kind in _OF_A_CONSOLE_IN_USE)
        return not in_use and self.kinds_of_identity <= {IdentityKind.SELF_SIGNED}


def summarise(connection: Connection, sealer: Sealer) -> Summary:
    """Everything that a console has now."""
    said = {
        "devices": _devices(connection),
        "groups": _groups(connection),
        "credentials": _credentials(connection, sealer),
        "accounts": {row["user_name"]: _digest(*row.values()) for row in _mappings(connection, users)},
        "roots": {_titled(row["pem"], row["sha256"]): b"" for row in _mappings(connection, trusted_roots)},
        "requests": {row["key_sha256"]: b"" for row in _mappings(connection, signing_requests)},
        "identities": {
            _titled(row["certificates_pem"], row["key_sha256"]): _digest(row["certificates_pem"])
            for row in _mappings(connection, identities)
        },
        "peers": {
            _shown(row["name"], row["key_sha256"]): _digest(*row.values()) for row in _mappings(connection, peers)
        },
        "migrations": {entry.id: _digest(entry.phase) for entry in journal.read_all(connection)},
    }
    return Summary(said, frozenset(connection.execute(select(identities.c.kind)).scalars()))


def compare(before: Summary, after: Summary, undone: tuple[Undone, ...]) -> Preview:
    """What changes from one to the other."""
    changes = tuple(_change(kind, before.things[kind], after.things[kind]) for kind in KINDS)
    return Preview(before.is_empty, changes, undone)


def _change(kind: str, before: Named, after: Named) -> Change:
    return Change(
        kind,
        len(before),
        len(after),
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )


def _devices(connection: Connection) -> Named:
    """By service tag; ids are left out, since two consoles number the same device differently."""
    own = [column for column in devices.c if column.name not in ("id", "credential_id", "quiesced_by")]
    query = select(*own, credentials.c.name.label("credential")).outerjoin(
        credentials, credentials.c.id == devices.c.credential_id
    )
    found = {row["service_tag"]: _digest(*row.values()) for row in _streamed(connection, query)}
    members = (
        select(devices.c.service_tag, groups.c.name)
        .join(group_members, group_members.c.device_id == devices.c.id)
        .join(groups, groups.c.id == group_members.c.group_id)
        .order_by(devices.c.service_tag, groups.c.name)
    )
    for row in _streamed(connection, members):
        found[row["service_tag"]] = _digest(found[row["service_tag"]], row["name"])
    return found


def _groups(connection: Connection) -> Named:
    parent = groups.alias()
    query = (
        select(groups.c.name, groups.c.description, parent.c.name.label("parent"))
        .outerjoin(parent, parent.c.id == groups.c.parent_id)
        .where(groups.c.type_id == USER_DEFINED)
    )
    return {row["name"]: _digest(*row.values()) for row in _streamed(connection, query)}


def _credentials(connection: Connection, sealer: Sealer) -> Named:
    return {
        row["name"]: _digest(row["kind"], row["user_name"], _opened(sealer, row["password_sealed"], row["name"]))
        for row in _mappings(connection, credentials)
    }


def _opened(sealer: Sealer, sealed: bytes, credential: str) -> bytes:
    """A password, or what cannot be one: over a console whose seals are broken a restore is what is wanted."""
    try:
        return sealer.open(sealed, seal_place(credential))
    except SealBrokenError:
        return b"\xff"


def _mappings(connection: Connection, table: Table) -> Iterator[RowMapping]:
    return _streamed(connection, select(table).order_by(*table.primary_key.columns))


def _streamed(connection: Connection, query: Select[*Ts]) -> Iterator[RowMapping]:
    yield from connection.execute(query.execution_options(yield_per=_PORTION)).mappings()


def _titled(pem: str, digest: str) -> str:
    return _shown(decode(pem.encode()).certificates[0].issued_to, digest)


def _shown(name: str, digest: str) -> str:
    return f"{name} ({digest[:_DIGITS_SHOWN]})"


def _digest(*values: object) -> bytes:
    return blake2b(repr(values).encode(), digest_size=16).digest()
