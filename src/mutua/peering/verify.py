"""Verifying the connection between two consoles (R19–R23): the handshake both ways, then the chains row by row.

Everything that is wrong is said at once, beside the two sentences that the appliance would leave it at.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from mutua import chain
from mutua.chain.appliance import Refusal
from mutua.chain.pair import Comparison, compare
from mutua.message import Message, message
from mutua.peering.causes import CLOCKS_DIFFER, HANDSHAKE_FAILED, NO_CHAIN, SOMEBODY_ELSE, Cause
from mutua.peering.identity import IdentityKind, key_sha256
from mutua.peering.standing import Standing

CANNOT_AUTHENTICATE = Refusal(
    "CMIG1001",
    "Unable to mutually authenticate and connect to the remote appliance.",
    "Please check the source and target appliances has valid certificate chain uploaded which are signed by "
    "the same CA.",
)
"""R23 to the letter. The article names no MessageId; this one is ours."""

MAX_CLOCK_SKEW_S = 300


class Meeting(NamedTuple):
    """What came of one console connecting to the other's peer listener as a TLS client."""

    problem: Message | None
    peer_key_sha256: str | None

    @property
    def met(self) -> bool:
        """Whether the handshake succeeded with certificates on both sides."""
        return self.problem is None


class End(Protocol):
    """One of the two consoles, as whoever verifies can speak to it."""

    def standing(self) -> Standing:
        """What it says of itself."""

    def meet(self, peer_address: str) -> Meeting:
        """Have it connect to the other's peer listener over mutual TLS."""


class Verification(NamedTuple):
    """The answer: the table of R20, both handshakes, and the causes where something is wrong."""

    source: Standing
    target: Standing
    comparison: Comparison
    source_meets_target: Meeting
    target_meets_source: Meeting
    causes: tuple[Cause, ...]

    @property
    def passed(self) -> bool:
        """Whether a migration may start."""
        return not self.causes

    @property
    def clock_skew_s(self) -> float:
        """How far the target's clock is ahead of the source's, as measured within one call."""
        return (self.target.clock - self.source.clock).total_seconds()


def verify(source: End, target: End) -> Verification:
    """Try everything, from both sides, and tell all that is wrong."""
    of_source, of_target = source.standing(), target.standing()
    forth = source.meet(of_target.peer_address)
    back = target.meet(of_source.peer_address)
    causes = (
        *judge(of_source, of_target),
        *_handshake_causes("source", forth, of_target),
        *_handshake_causes("target", back, of_source),
    )
    comparison = compare(of_source.certificates, of_target.certificates)
    return Verification(of_source, of_target, comparison, forth, back, causes)


def judge(source: Standing, target: Standing) -> tuple[Cause, ...]:
    """What is wrong with the two chains, each by its own console's clock (R20, R21, R22)."""
    alone = (*_chain_causes("source", source), *_chain_causes("target", target))
    both_have_chains = source.kind is target.kind is IdentityKind.CHAIN
    together = _pair_causes(source, target) if both_have_chains else ()
    return (*alone, *together, *_clock_causes(source, target))


def _chain_causes(side: str, standing: Standing) -> Iterator[Cause]:
    if standing.kind is not IdentityKind.CHAIN:
        found = message("{name} presents a {kind} certificate.", name=standing.name, kind=_KINDS[standing.kind])
        yield Cause.of(side, NO_CHAIN, found)
        return
    pem = b"".join(certificate.pem for certificate in standing.certificates)
    for finding in chain.check(pem, at=standing.clock, profile=chain.Profile.MIGRATION).errors:
        rule = finding.rule
        yield Cause(side, rule.id, Message(rule.title), finding.found, Message(rule.fix))


_KINDS = {
    IdentityKind.SELF_SIGNED: message("self-signed"),
    IdentityKind.CERTIFICATE: message("single"),
    IdentityKind.CHAIN: message("chained"),
}


def _pair_causes(source: Standing, target: Standing) -> Iterator[Cause]:
    comparison = compare(source.certificates, target.certificates)
    for difference in comparison.differences:
        yield Cause.of("both", difference.rule, difference.found, comparison.fix)


def _clock_causes(source: Standing, target: Standing) -> Iterator[Cause]:
    skew = (target.clock - source.clock).total_seconds()
    if abs(skew) > MAX_CLOCK_SKEW_S:
        found = message(
            "It is {source:%Y-%m-%d %H:%M:%S} UTC at {source_name} and {target:%Y-%m-%d %H:%M:%S} UTC at "
            "{target_name}.",
            source=source.clock,
            source_name=source.name,
            target=target.clock,
            target_name=target.name,
        )
        yield Cause.of("both", CLOCKS_DIFFER, found)


def _handshake_causes(side: str, meeting: Meeting, other: Standing) -> Iterator[Cause]:
    if meeting.problem is not None:
        found = message("Connecting to {address}: {problem}.", address=other.peer_address, problem=meeting.problem)
        yield Cause.of(side, HANDSHAKE_FAILED, found)
    elif meeting.peer_key_sha256 != key_sha256(other.certificates[0]):
        found = message(
            "The key presented at {address} is not the one of {name}.", address=other.peer_address, name=other.name
        )
        yield Cause.of(side, SOMEBODY_ELSE, found)
