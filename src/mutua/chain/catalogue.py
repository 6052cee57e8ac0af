"""What a rule is, and the catalogue that all of them stand in."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from mutua.chain.appliance import Stage
from mutua.chain.certificate import Certificate
from mutua.chain.decode import Material
from mutua.chain.order import Arrangement
from mutua.chain.revocation import Revocation
from mutua.chain.trust import Trust
from mutua.chain.verdict import Verdict
from mutua.message import Message, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.remedies import Authority, Remedy


class Severity(IntEnum):
    """How much a finding matters: an error stops somebody, a warning will, a notice is worth knowing."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3


class Profile(StrEnum):
    """What the certificates are for."""

    MIGRATION = "migration"
    SERVER = "server"
    MTLS = "mtls"
    CLIENT = "client"
    WEBPKI = "webpki"


UPLOADS = (Profile.MIGRATION, Profile.SERVER)
CHAINS = (Profile.MIGRATION, Profile.MTLS, Profile.CLIENT, Profile.WEBPKI)
EVERY = tuple(Profile)


_SERVER = (ExtendedKeyUsageOID.SERVER_AUTH, "serverAuth")
_CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH, "clientAuth")


def purposes_of(profile: Profile) -> Sequence[tuple[x509.ObjectIdentifier, str]]:
    """The extended key usages that a profile needs, each with its name (RFC 5280, section 4.2.1.12)."""
    match profile:
        case Profile.SERVER | Profile.WEBPKI:
            return (_SERVER,)
        case Profile.CLIENT:
            return (_CLIENT,)
        case _:
            return (_SERVER, _CLIENT)


class Examined(NamedTuple):
    """All that a rule may look at."""

    profile: Profile
    at: datetime
    material: Material
    arrangement: Arrangement
    verdict: Verdict
    request_keys: Sequence[bytes] | None
    private_key: bytes | None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    trust: Trust | None = None
    revocation: Revocation = Revocation()

    @property
    def path(self) -> tuple[Certificate, ...]:
        """Leaf … as far up as signatures lead; empty where nothing could be read."""
        return self.arrangement.path

    @property
    def leaf(self) -> Iterable[Certificate]:
        """The leaf, if there is one: made for `for leaf in examined.leaf`."""
        return self.arrangement.path[:1]


class Evidence(NamedTuple):
    """What a check found: the fact, and the certificate that it is about (None: the file)."""

    found: Message
    certificate: Certificate | None = None


Check = Callable[[Examined], Iterator[Evidence]]


class Rule(NamedTuple):
    """One thing that can be wrong, why it matters, and what to do about it.

    `severities` says for which profiles the rule holds, and how much it matters there. `stage` is the
    check of the appliance that refuses it, if one does. `remedy` is what has to change at the authority, if anything.
    `explains` says that what breaks this rule as an error is not valid, so that the engine's answer adds nothing.
    """

    id: str
    requirement: str
    severities: Mapping[Profile, Severity]
    title: str
    reason: str
    fix: str
    check: Check
    stage: Stage | None = None
    source: str | None = None
    remedy: "Remedy | None" = None
    explains: bool = False

    @property
    def fixes(self) -> "Mapping[Authority, str]":
        """What to set at the authorities that are known by name; lines after the first are to be typed."""
        return fixes_of(self.remedy)


def fixes_of(remedy: "Remedy | None") -> "Mapping[Authority, str]":
    """The texts of a remedy, read when somebody asks for them: nearly every check finds nothing to mend."""
    if remedy is None:
        return {}
    from mutua.chain.remedies import fixes

    return fixes(remedy)


CATALOGUE: dict[str, Rule] = {}
"""Every rule by its id, in the order in which findings are told."""


def rule(
    identifier: str,
    requirement: str,
    severities: Mapping[Profile, Severity],
    *,
    title: str,
    reason: str,
    fix: str,
    stage: Stage | None = None,
    source: str | None = None,
    remedy: "Remedy | None" = None,
    explains: bool = False,
) -> Callable[[Check], Check]:
    """Enter a check in the catalogue. Raises ValueError for an id that is taken or a text that is empty."""

    def enter(check: Check) -> Check:
        if identifier in CATALOGUE or not (title and reason and fix and severities):
            raise ValueError(f"rule {identifier}: taken or incomplete")
        CATALOGUE[identifier] = Rule(
            identifier, requirement, severities, title, reason, fix, check, stage, source, remedy, explains
        )
        return check

    return enter


SHOWN = 10
"""How many pieces of evidence a check gives one by one; a file can hold thousands."""


def and_more(found: Sequence[object]) -> Iterator[Evidence]:
    """The piece of evidence that stands for those beyond `SHOWN`."""
    if len(found) > SHOWN:
        yield Evidence(message("And {count} more.", count=len(found) - SHOWN))


def errors(*profiles: Profile) -> dict[Profile, Severity]:
    """The rule is an error for these profiles and does not hold for others."""
    return dict.fromkeys(profiles, Severity.ERROR)


def warnings(*profiles: Profile) -> dict[Profile, Severity]:
    """The rule is a warning for these profiles."""
    return dict.fromkeys(profiles, Severity.WARNING)
