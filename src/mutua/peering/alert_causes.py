"""What can be behind a TLS alert, and how much of it can be seen from this side.

What is said here of OpenSSL was measured; where programs differ, the candidates of all of them are given.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from mutua.chain.catalogue import Severity
from mutua.chain.report import Report
from mutua.message import N_, Message, message
from mutua.peering.fitting import authority_fit, scheme_fit
from mutua.peering.probe import Seen

_CLOCK_ERROR = timedelta(days=1)
"""A clock that is off by more is rare enough to look for other causes first."""


class Standing(StrEnum):
    """What can be said of a candidate from this side."""

    LIKELY = "likely"
    UNSEEN = "unseen"
    """It cannot be seen from here."""
    RULED_OUT = "ruled-out"


class Situation(NamedTuple):
    """What is known when an alert comes: what was seen, and the report on the chain that this side showed, if any."""

    seen: Seen
    ours: Report | None

    @property
    def showed_a_certificate(self) -> bool:
        """Whether this side has answered the server's request with a certificate."""
        return bool(self.seen.sent)


Judged = tuple[Standing, Message]
Judge = Callable[[Situation], Judged]


class Cause(NamedTuple):
    """One possible cause of alerts, and how to find out whether it is that."""

    id: str
    title: str
    fix: str
    judge: Judge


def _broken(situation: Situation, rules: Sequence[str]) -> Message | None:
    if situation.ours is None:
        return None
    return next(
        (told.found for told in situation.ours.findings if told.severity > Severity.NOTICE and told.rule.id in rules),
        None,
    )


def _by_rules(*rules: str) -> Judge:
    """The cause is there where our own check of the chain finds it, and is ruled out where it does not."""

    def judge(situation: Situation) -> Judged:
        found = _broken(situation, rules)
        if found is not None:
            return Standing.LIKELY, found
        return Standing.RULED_OUT, message("Nothing of that kind is in the chain shown.")

    return judge


def _unseen(why: Message) -> Judge:
    return lambda _situation: (Standing.UNSEEN, why)


def _certain(why: Message) -> Judge:
    return lambda _situation: (Standing.LIKELY, why)


def _accepted_here(situation: Situation) -> bool | None:
    """Whether the chain leads to a CA that the server names; None where it names none."""
    if situation.ours is None or situation.seen.request is None:
        return None
    return authority_fit(situation.ours.path, situation.seen.request).fits


def _missing_intermediate(situation: Situation) -> Judged:
    ours, accepted = situation.ours, _accepted_here(situation)
    if ours is None or not ours.path:
        return Standing.UNSEEN, message("The chain shown could not be read.")
    top = ours.path[-1]
    if top.is_self_signed:
        return Standing.RULED_OUT, message("The chain shown goes up to its root, {root}.", root=top.issued_to)
    if accepted:
        return Standing.RULED_OUT, message("The chain shown reaches a CA that the server names.")
    found = message("The chain shown stops at {name}, issued by {issuer}.", name=top.issued_to, issuer=top.issued_by)
    return (Standing.UNSEEN if accepted is None else Standing.LIKELY), found


def _other_authority(situation: Situation) -> Judged:
    accepted = _accepted_here(situation)
    if situation.ours is None or situation.seen.request is None or accepted is None:
        return Standing.UNSEEN, message("The server names no CA that it accepts.")
    found = authority_fit(situation.ours.path, situation.seen.request).found
    if accepted:
        return Standing.UNSEEN, message(
            "It names the issuer of the chain shown; whether its key is the same cannot be seen."
        )
    return Standing.LIKELY, found


def _clock_behind(situation: Situation) -> Judged:
    if situation.ours is None or not situation.ours.path:
        return Standing.UNSEEN, message("The chain shown could not be read.")
    at = situation.ours.at
    newest = max(situation.ours.path, key=lambda certificate: certificate.not_before)
    age = at - newest.not_before
    if age < timedelta(0):
        return Standing.LIKELY, message(
            "{name} is valid from {begin:%Y-%m-%d %H:%M} UTC on; here it is {now:%Y-%m-%d %H:%M} UTC.",
            name=newest.issued_to,
            begin=newest.not_before,
            now=at,
        )
    if age < _CLOCK_ERROR:
        return Standing.UNSEEN, message(
            "{name} became valid {minutes} minutes ago: a server whose clock is further behind refuses it.",
            name=newest.issued_to,
            minutes=int(age.total_seconds() // 60),
        )
    return Standing.RULED_OUT, message(
        "The chain shown is valid since {days} days; the server's clock would have to be further behind.",
        days=age.days,
    )


def _clock_ahead(situation: Situation) -> Judged:
    if situation.ours is None or not situation.ours.path:
        return Standing.UNSEEN, message("The chain shown could not be read.")
    first = min(situation.ours.path, key=lambda certificate: certificate.not_after)
    left = first.not_after - situation.ours.at
    if left < timedelta(0):
        return Standing.RULED_OUT, message("It has expired by the clock here too.")
    if left < _CLOCK_ERROR:
        return Standing.LIKELY, message(
            "{name} ends in {minutes} minutes.", name=first.issued_to, minutes=int(left.total_seconds() // 60)
        )
    return Standing.RULED_OUT, message(
        "The chain shown is valid for {days} more days; the server's clock would have to be further ahead.",
        days=left.days,
    )


def _no_scheme(situation: Situation) -> Judged:
    if situation.ours is None or not situation.ours.path or situation.seen.request is None:
        return Standing.UNSEEN, message("The server names no signature schemes.")
    tls_1_3 = situation.seen.is_tls_1_3
    fit = scheme_fit(situation.ours.path[0], situation.seen.request, tls_1_3=tls_1_3)
    standing = {True: Standing.RULED_OUT, False: Standing.LIKELY, None: Standing.UNSEEN}[fit.fits]
    return standing, fit.found


def _no_certificate(_situation: Situation) -> Judged:
    return Standing.LIKELY, message("It asked for a certificate, and none was shown.")


NO_CERTIFICATE = Cause(
    "no-certificate",
    N_("no client certificate was shown"),
    N_("show one: --cert CHAIN --key KEY."),
    _no_certificate,
)
NO_SCHEME = Cause(
    "no-scheme",
    N_("the certificate could not be used with this server"),
    N_("have a key certified that the server has a signature scheme for: RSA, or EC on P-256."),
    _no_scheme,
)
_SIGNATURE = Cause(
    "bad-signature",
    N_("a signature in the chain does not verify"),
    N_("get the CA certificate that signed the one below it; CAs that were renewed with a new key keep their name."),
    _by_rules("chain.wrong-issuer-key", "chain.key-id-mismatch"),
)
_WEAK = Cause(
    "weak-algorithm",
    N_("a key or a signature that the server finds too weak, or does not know"),
    N_("have it issued again: RSA of 2048 bits or more or EC P-256, signed with SHA-256."),
    _by_rules("algorithm.weak-key", "algorithm.not-accepted", "algorithm.no-tls13-scheme", "algorithm.explicit-curve"),
)
_OTHER_FAULT = Cause(
    "other-fault",
    N_("another fault of the chain: some programs say this of any"),
    N_("mend what the report on the chain marks ✗."),
    lambda situation: _other_fault(situation),
)
REFUSED_BY_PROGRAM = Cause(
    "not-admitted",
    N_("the program does not admit this client, although the chain is valid"),
    N_("look into the server's log, and at the list of names, keys or groups that it admits."),
    _unseen(message("Who is admitted is known to the server alone.")),
)
_NOTHING_IN_COMMON = Cause(
    "nothing-in-common",
    N_("no version, cipher or curve in common"),
    N_("let the server speak TLS 1.2 or 1.3 with usual ciphers."),
    lambda situation: (
        (Standing.RULED_OUT, message("Version and cipher were agreed on: {version}.", version=situation.seen.version))
        if situation.seen.chain
        else (Standing.LIKELY, message("It ended the handshake before it showed a certificate."))
    ),
)
_NAME = Cause(
    "unknown-name",
    N_("the server does not serve the name that it was asked for"),
    N_("connect by a name that it serves, or give that with --name."),
    _certain(message("It says so itself.")),
)
UNKNOWN = Cause(
    "unknown",
    N_("something that this alert does not tell"),
    N_("look into the server's log at this moment."),
    _unseen(message("The alert names no fault of a certificate.")),
)


def _other_fault(situation: Situation) -> Judged:
    beyond = ("chain.missing-root", "chain.missing-intermediate")
    errors = situation.ours.errors if situation.ours is not None else ()
    faults = [finding.found for finding in errors if finding.rule.id not in beyond]
    if faults:
        return Standing.LIKELY, faults[0]
    return Standing.RULED_OUT, message("The report on the chain shown has no other error.")


ABOUT_CERTIFICATES: dict[int, Sequence[Cause]] = {
    48: (
        Cause(
            "missing-intermediate",
            N_("an intermediate is missing in what this side sends"),
            N_("append the CA certificates between leaf and root to the file given with --cert."),
            _missing_intermediate,
        ),
        Cause(
            "other-authority",
            N_("the server does not trust the CA of the chain"),
            N_("install the root of this chain on the server, or use a certificate of a CA that it trusts."),
            _other_authority,
        ),
        Cause(
            "self-signed-leaf",
            N_("the leaf is signed by itself"),
            N_("have it signed by a CA (mutua ca makes one), or have the server trust this very certificate."),
            _by_rules("chain.self-signed-leaf"),
        ),
        Cause(
            "not-a-ca",
            N_("an issuer in the chain is no CA"),
            N_("have the certificate below it signed by a CA."),
            _by_rules("chain.not-a-ca", "leaf.is-a-ca"),
        ),
        Cause(
            "path-length",
            N_("a CA has more CAs below it than it allows"),
            N_("have the leaf signed by a CA further up."),
            _by_rules("chain.path-length-exceeded"),
        ),
        _SIGNATURE,
    ),
    42: (
        Cause(
            "clock-behind",
            N_("not valid yet by the server's clock"),
            N_("set the clocks, best by NTP."),
            _clock_behind,
        ),
        Cause(
            "name-refused",
            N_("the server expects another name in the certificate"),
            N_("look into the server's log for the name that it wants, and list it as an alternative name."),
            _unseen(message("Which name it expects is known to the server alone.")),
        ),
        _SIGNATURE,
        _WEAK,
        _OTHER_FAULT,
    ),
    43: (
        Cause(
            "no-client-auth",
            N_("the certificate is not made for a client"),
            N_("request a certificate whose extended key usage lists client authentication."),
            _by_rules("leaf.no-client-auth"),
        ),
        Cause(
            "restricted-authority",
            N_("a CA in the chain may not issue for clients"),
            N_("have the leaf signed by a CA that is not limited; a new leaf of the same one does not help."),
            _by_rules("chain.restricted-authority"),
        ),
        Cause(
            "no-digital-signature",
            N_("the key usage does not allow to sign the handshake"),
            N_("request a certificate whose key usage includes digital signature."),
            _by_rules("leaf.no-digital-signature"),
        ),
        _WEAK,
    ),
    44: (
        Cause(
            "revoked",
            N_("a certificate of the chain is revoked"),
            N_("check it with the CA's revocation list: mutua check CHAIN --crl FILE."),
            _unseen(message("No revocation list was read here.")),
        ),
    ),
    45: (
        Cause(
            "expired",
            N_("a certificate of the chain has expired"),
            N_("have it renewed; the report on the chain says which one."),
            _by_rules("validity.expired"),
        ),
        Cause("clock-ahead", N_("expired by the server's clock"), N_("set the clocks, best by NTP."), _clock_ahead),
        Cause(
            "expired-in-store",
            N_("the server has an old certificate of that CA in its store"),
            N_("replace the expired certificate in the server's trust store by its successor."),
            _unseen(message("What is in its store is known to the server alone.")),
        ),
    ),
    46: (
        Cause(
            "name-constraints",
            N_("a name constraint of a CA is violated"),
            N_("have the leaf issued with names that its CA permits."),
            _by_rules("chain.name-not-permitted", "leaf.common-name-not-permitted", "chain.constraint-not-supported"),
        ),
        Cause(
            "unknown-extension",
            N_("a critical extension that the server does not know"),
            N_("have it issued again without the extension, or with it marked as not critical."),
            _by_rules("certificate.unknown-critical-extension"),
        ),
        _OTHER_FAULT,
        REFUSED_BY_PROGRAM,
    ),
    49: (REFUSED_BY_PROGRAM,),
    51: (
        _SIGNATURE,
        Cause(
            "other-key",
            N_("the server takes another certificate for the issuer, of the same name"),
            N_("compare the CA certificates of both sides, by fingerprint: mutua compare."),
            _unseen(message("What is in its store is known to the server alone.")),
        ),
    ),
    40: (NO_SCHEME, _WEAK, _OTHER_FAULT),
    116: (NO_SCHEME,),
    80: (REFUSED_BY_PROGRAM, _OTHER_FAULT),
}

ABOUT_HANDSHAKES: dict[int, Sequence[Cause]] = {
    40: (_NOTHING_IN_COMMON,),
    70: (
        Cause(
            "version",
            N_("no version of TLS in common"),
            N_("let the server speak TLS 1.2 or 1.3."),
            _certain(message("It says so itself; versions from TLS 1.0 to 1.3 were offered.")),
        ),
    ),
    71: (_NOTHING_IN_COMMON,),
    112: (_NAME,),
    120: (
        Cause(
            "application-protocol",
            N_("no application protocol in common"),
            N_("see which protocols the server speaks (ALPN)."),
            _certain(message("It says so itself; offered were HTTP/2, HTTP/1.1, and none.")),
        ),
    ),
}
