"""What can keep two consoles apart, beside what is wrong with a chain or with the pair of them (R2, R19–R23)."""

from typing import NamedTuple, Self

from mutua.chain.pair import PairRule
from mutua.message import N_, Message

NO_CHAIN = PairRule(
    "pair.no-chain",
    "R2",
    N_("no certificate chain is uploaded"),
    N_(
        "The self-signed certificate of a new console proves nothing to another one, and a single certificate says "
        "nothing of the authority above it."
    ),
    N_(
        "generate a signing request there, have it signed by a CA, and upload the whole chain; "
        "or back up and restore instead (R25)."
    ),
    remedy="whole-chain",
)
CLOCKS_DIFFER = PairRule(
    "pair.clocks-differ",
    "R21",
    N_("the clocks differ"),
    N_(
        "Each console judges by its own clock whether a certificate is valid; more than five minutes apart, the two "
        "may judge differently."
    ),
    N_("set both clocks, best by NTP from the same server."),
    source="RFC 5280, section 4.1.2.5",
)
HANDSHAKE_FAILED = PairRule(
    "pair.handshake-failed",
    "R1",
    N_("mutual TLS does not come about"),
    N_("Each console connects to the other and shows its certificate; both handshakes must succeed."),
    N_("mend the chains first; if they are in order, check the address, the port and firewalls between."),
    source="RFC 8446, section 4.4",
)
SOMEBODY_ELSE = PairRule(
    "pair.somebody-else",
    "R19",
    N_("somebody else answers at that address"),
    N_("The certificate shown in the handshake must be the one that the console says it has."),
    N_("look for a proxy in between, or another console on that address."),
)
UNREACHABLE = PairRule(
    "pair.unreachable",
    "R19",
    N_("the other console was not reached"),
    N_("Both consoles are asked what they are; without an answer over TLS nothing can be compared."),
    N_(
        "check the address and the port, and that the console runs. If its certificate was not accepted, have "
        "both consoles upload chains signed by the same CA first: nothing else is trusted."
    ),
)
NOT_SIGNED_IN = PairRule(
    "pair.not-signed-in",
    "R19",
    N_("the other console did not let us in"),
    N_("Only an administrator may connect two consoles."),
    N_("give the name and the password of a local administrator of that console."),
)
REFUSED = PairRule(
    "pair.refused",
    "R19",
    N_("the other console refused"),
    N_("It was reached, and answered with an error of its own."),
    N_("look at the application log of that console."),
)

CONNECTION_RULES = {
    rule.id: rule
    for rule in (NO_CHAIN, CLOCKS_DIFFER, HANDSHAKE_FAILED, SOMEBODY_ELSE, UNREACHABLE, NOT_SIGNED_IN, REFUSED)
}  # fmt: skip
"""Every rule about a connection by its id."""


class Cause(NamedTuple):
    """One reason why two consoles cannot trust each other, and what to do about it."""

    side: str
    """`source`, `target` or `both`."""
    rule: str
    title: Message
    found: Message
    fix: Message

    @classmethod
    def of(cls, side: str, rule: PairRule, found: Message, fix: Message | None = None) -> Self:
        """The cause that breaks a rule, with the evidence; `fix` where more is known than the rule says."""
        return cls(side, rule.id, Message(rule.title), found, fix or Message(rule.fix))
