"""Words for what the program keeps as numbers and short names."""

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mutua.chain.catalogue import Severity
from mutua.chain.certificate import Certificate
from mutua.console import users
from mutua.inventory.records import DeviceType, Health
from mutua.message import Message, message
from mutua.migration.phases import Phase, Role
from mutua.peering.identity import IdentityKind

KINDS: Mapping[IdentityKind, Message] = {
    IdentityKind.SELF_SIGNED: message("self-signed: nobody vouches for it yet"),
    IdentityKind.CERTIFICATE: message("a single certificate, without its chain"),
    IdentityKind.CHAIN: message("a certificate chain"),
}

SEVERITIES: Mapping[Severity, Message] = {
    Severity.ERROR: message("Error"),
    Severity.WARNING: message("Warning"),
    Severity.NOTICE: message("Notice"),
}
MARKS: Mapping[Severity, str] = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}

HEALTHS: Mapping[Health, Message] = {
    Health.NORMAL: message("Normal"),
    Health.UNKNOWN: message("Unknown"),
    Health.WARNING: message("Warning"),
    Health.CRITICAL: message("Critical"),
    Health.NO_STATUS: message("No status"),
}

DEVICE_TYPES: Mapping[DeviceType, Message] = {
    DeviceType.SERVER: message("Server"),
    DeviceType.CHASSIS: message("Chassis"),
    DeviceType.STORAGE: message("Storage"),
    DeviceType.NETWORK_IOM: message("Network I/O module"),
    DeviceType.DELL_STORAGE: message("Storage array"),
    DeviceType.NETWORK_SWITCH: message("Network switch"),
    DeviceType.STORAGE_IOM: message("Storage I/O module"),
    DeviceType.NETWORK_CONTROLLER: message("Network controller"),
}

USER_ROLES: Mapping[users.Role, Message] = {
    users.Role.VIEWER: message("viewer"),
    users.Role.DEVICE_MANAGER: message("device manager"),
    users.Role.ADMINISTRATOR: message("administrator"),
}

USER_ROLE_MEANINGS: Mapping[users.Role, Message] = {
    users.Role.VIEWER: message("viewer: may look, and change nothing"),
    users.Role.DEVICE_MANAGER: message("device manager: may change devices and groups"),
    users.Role.ADMINISTRATOR: message("administrator: may do everything"),
}

ROLES: Mapping[Role, Message] = {Role.SOURCE: message("source"), Role.TARGET: message("target")}

SIDES: Mapping[str, Message] = {"source": message("source"), "target": message("target"), "both": message("both")}
"""Of a cause that keeps two consoles apart."""

PHASES: Mapping[Phase, Message] = {
    Phase.PREPARED: message("prepared"),
    Phase.STREAMING: message("streaming"),
    Phase.VALIDATED: message("validated"),
    Phase.COMMITTED: message("committed"),
    Phase.RELEASED: message("released"),
    Phase.DONE: message("done"),
    Phase.ABORTED: message("aborted"),
}

PHASE_MEANINGS: Mapping[Phase, Message] = {
    Phase.PREPARED: message("The source manages none of these devices until this is settled."),
    Phase.STREAMING: message("The target fetches them and stages them; nothing is decided yet."),
    Phase.VALIDATED: message("Counts and digest agree, and nothing clashes."),
    Phase.COMMITTED: message("The target manages them: this is decided."),
    Phase.RELEASED: message("The source knows, and has let go of them."),
    Phase.DONE: message("Both sides agree. Nothing is left to do."),
    Phase.ABORTED: message("Nothing was moved. The source manages its devices again."),
}


def key(certificate: Certificate) -> str:
    """The kind and the size of its key: `RSA 2048`, `EC secp256r1`."""
    public = certificate.x509.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}"
    return type(public).__name__.strip("_").removesuffix("PublicKey")


def fingerprint(certificate: Certificate) -> str:
    """Its SHA-256 as people compare it: in pairs, upper case."""
    return bytes.fromhex(certificate.fingerprint).hex(":").upper()


def validity(certificate: Certificate, at: datetime) -> Message:
    """Whether it is valid, and for how long."""
    if at < certificate.not_before:
        return message("not valid yet")
    if at > certificate.not_after:
        return message("expired")
    return message("valid, {days} more days", days=(certificate.not_after - at).days)
