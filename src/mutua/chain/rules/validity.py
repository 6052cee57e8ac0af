"""Rules about time (R21)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, EVERY, Evidence, Examined, errors, rule, warnings
from mutua.message import N_, Message, message

_SOON = timedelta(days=30)
_HOUR = timedelta(hours=1)
_FARTHEST_ZONE = timedelta(hours=14)
_CLOCK_TOLERANCE = timedelta(minutes=5)
_ROUNDING = timedelta(days=1)


@rule(
    "validity.expired",
    "R21",
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("expired"),
    reason=N_("Every certificate of the chain must be valid at the console's own date and time."),
    fix=N_("have it renewed: a leaf by its CA, a CA certificate by whoever runs that CA."),
    source="RFC 5280, section 4.1.2.5",
    remedy="renewal",
    explains=True,
)
def expired(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        # X.509 knows whole seconds only, and the last one counts.
        if certificate.not_after < examined.at.replace(microsecond=0):
            yield Evidence(
                message(
                    "It was valid until {end:%Y-%m-%d %H:%M} UTC; it is {now:%Y-%m-%d %H:%M} UTC.",
                    end=certificate.not_after,
                    now=examined.at,
                ),
                certificate,
            )


@rule(
    "validity.not-yet-valid",
    "R21",
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("not valid yet"),
    reason=N_("Every certificate of the chain must be valid at the console's own date and time."),
    fix=N_("compare the console's clock and time zone with the CA's; or wait."),
    source="RFC 5280, section 4.1.2.5",
    remedy="backdate",
    explains=True,
)
def not_yet_valid(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if certificate.not_before > examined.at:
            yield Evidence(
                message(
                    "It is valid from {start:%Y-%m-%d %H:%M} UTC; it is {now:%Y-%m-%d %H:%M} UTC.{hint}",
                    start=certificate.not_before,
                    now=examined.at,
                    hint=_about_the_clock(certificate.not_before - examined.at),
                ),
                certificate,
            )


def _about_the_clock(lead: timedelta) -> Message:
    """What so short a time, or about a whole number of hours, makes likely."""
    if lead < _HOUR:
        return message(" That is less than an hour: one of the two clocks is wrong, rather than the certificate.")
    off = lead % _HOUR
    if lead <= _FARTHEST_ZONE + _CLOCK_TOLERANCE and min(off, _HOUR - off) <= _CLOCK_TOLERANCE:
        return message(
            " That is {hours} hour(s), as where local time was taken for UTC: compare time zones.",
            hours=round(lead / _HOUR),
        )
    return Message("")


@rule(
    "validity.expires-soon",
    "R21",
    warnings(*EVERY),
    title=N_("it expires soon"),
    reason=N_("A certificate that expires ends every connection at that moment, and renewals take their time."),
    fix=N_("have it renewed now: a leaf by its CA, a CA certificate by whoever runs that CA."),
    source="RFC 5280, section 4.1.2.5",
    remedy="renewal",
)
def expires_soon(examined: Examined) -> Iterator[Evidence]:
    now = examined.at.replace(microsecond=0)
    for certificate in examined.path:
        left = certificate.not_after - now
        if timedelta() <= left < _SOON and left < (certificate.not_after - certificate.not_before) / 3:
            yield Evidence(_valid_for(left, certificate.not_after), certificate)


def _valid_for(left: timedelta, end: datetime) -> Message:
    if left.days:
        return message("It is valid until {end:%Y-%m-%d %H:%M} UTC: {days} day(s) more.", end=end, days=left.days)
    return message("It is valid until {end:%Y-%m-%d %H:%M} UTC: less than a day more.", end=end)


@rule(
    "validity.outlives-issuer",
    "R21",
    warnings(*CHAINS),
    title=N_("it is valid for longer than its issuer"),
    reason=N_("From the day that the issuer expires the chain is not valid any more, whatever the dates below it say."),
    fix=N_("have the CA certificate renewed in time, and the chain made up anew with it."),
    source="RFC 5280, section 6.1.3",
    remedy="validity",
)
def outlives_issuer(examined: Examined) -> Iterator[Evidence]:
    for certificate, issuer in pairwise(examined.path):
        # Less than a day is rounding; an issuer that has expired is told already.
        if certificate.not_after - issuer.not_after >= _ROUNDING and issuer.not_after >= examined.at:
            yield Evidence(
                message(
                    "It is valid until {end:%Y-%m-%d}, {issuer} until {issuer_end:%Y-%m-%d} only.",
                    end=certificate.not_after,
                    issuer=issuer.issued_to,
                    issuer_end=issuer.not_after,
                ),
                certificate,
            )
