"""Rules about second paths: a CA that was cross-signed has several certificates for one key (RFC 4158)."""

from collections.abc import Iterator, Sequence

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import (
    CHAINS,
    SHOWN,
    Evidence,
    Examined,
    Profile,
    Severity,
    and_more,
    errors,
    rule,
    warnings,
)
from mutua.chain.certificate import Certificate, ComparableName
from mutua.chain.order import Arrangement
from mutua.message import N_, message

_OTHER_CHAINS = tuple(profile for profile in CHAINS if profile is not Profile.MIGRATION)
_MOST_CHECKS = 100
"""How many signatures are verified to find what stands above a cross certificate."""


def alternatives(arrangement: Arrangement) -> Sequence[Certificate]:
    """The certificates off the path that lead from it to another end.

    They are other certificates for the name and key of an authority on the path, and what signed those.
    """
    if not arrangement.foreign or arrangement.given_up:
        return ()
    on_path = {(certificate.comparable_subject, certificate.key_id) for certificate in arrangement.path[1:]}
    authorities = [certificate for certificate in arrangement.foreign if certificate.is_ca]
    found = [one for one in authorities if (one.comparable_subject, one.key_id) in on_path]
    by_subject: dict[ComparableName, list[Certificate]] = {}
    for authority in authorities:
        by_subject.setdefault(authority.comparable_subject, []).append(authority)
    checks_left = _MOST_CHECKS
    for top in found:
        for above in by_subject.get(top.comparable_issuer, ())[:checks_left]:
            checks_left -= 1
            if above not in found and top.is_signed_by(above):
                found.append(above)
    return found


@rule(
    "chain.alternative-path",
    "R8",
    errors(Profile.MIGRATION) | dict.fromkeys(_OTHER_CHAINS, Severity.NOTICE),
    stage=Stage.CHAIN,
    title=N_("a second path is in the file"),
    reason=N_(
        "A CA that was cross-signed has several certificates for one key, and each verifier picks a path of its own; "
        "the appliance takes a single one, each certificate followed by the one that signed it."
    ),
    fix=N_("keep the path that ends in what the other side trusts, and take the other certificates out of the file."),
    source="RFC 4158, section 2",
)
def alternative_path(examined: Examined) -> Iterator[Evidence]:
    found = [one for one in alternatives(examined.arrangement) if not _is_over(one, examined)]
    if found:
        shown = [f"{one.position}. {one.issued_to} ← {one.issued_by}" for one in found[:SHOWN]]
        more = [] if len(found) <= SHOWN else ["…"]
        yield Evidence(
            message(
                "Beside the path shown there is another one, over these, by their numbers in the file: {certificates}.",
                certificates=", ".join([*shown, *more]),
            )
        )


@rule(
    "chain.expired-alternative",
    "R8",
    errors(Profile.MIGRATION) | warnings(*_OTHER_CHAINS),
    stage=Stage.CHAIN,
    title=N_("an expired certificate beside a good path"),
    reason=N_(
        "OpenSSL before 1.1.0, old GnuTLS and some Java follow the expired path and refuse the chain, although a good "
        "one is there (AddTrust in 2020, DST Root CA X3 in 2021)."
    ),
    fix=N_("take the expired cross certificate out of the file that the server sends."),
    source="RFC 4158, section 2",
)
def expired_alternative(examined: Examined) -> Iterator[Evidence]:
    found = [one for one in alternatives(examined.arrangement) if _is_over(one, examined)]
    for certificate in found[:SHOWN]:
        yield Evidence(
            message(
                "Number {position}, {name} issued by {issuer}, was valid until {end:%Y-%m-%d %H:%M} UTC.",
                position=certificate.position,
                name=certificate.issued_to,
                issuer=certificate.issued_by,
                end=certificate.not_after,
            )
        )
    yield from and_more(found)


def _is_over(certificate: Certificate, examined: Examined) -> bool:
    return certificate.not_after < examined.at.replace(microsecond=0)
