"""Rules about time (R21)."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import EVERY, Evidence, Examined, errors, rule
from mutua.message import N_, message


@rule(
    "validity.expired",
    "R21",
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("expired"),
    reason=N_("Every certificate of the chain must be valid at the console's own date and time."),
    fix=N_("have it renewed: a leaf by its CA, a CA certificate by whoever runs that CA."),
    source="RFC 5280, section 4.1.2.5",
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
    explains=True,
)
def not_yet_valid(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if certificate.not_before > examined.at:
            yield Evidence(
                message(
                    "It is valid from {start:%Y-%m-%d %H:%M} UTC; it is {now:%Y-%m-%d %H:%M} UTC.",
                    start=certificate.not_before,
                    now=examined.at,
                ),
                certificate,
            )
