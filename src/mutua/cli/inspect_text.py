"""What files hold as text, short or full. Nothing unprintable gets out: names come from strangers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import click

from mutua.cli.certificate_facts import (
    CertificateFacts,
    Constraints,
    ExtensionFacts,
    Listed,
    RequestFacts,
    certificate_facts,
    request_facts,
)
from mutua.cli.detected import detected
from mutua.cli.digests import spaced
from mutua.cli.holding import Holding, Key
from mutua.cli.paragraphs import WIDTH, sides, wrapped
from mutua.cli.x509_words import KeyWords, escaped, readable_name, shown
from mutua.language import _, plural, translate

_OCTETS = re.compile(r"-?[0-9A-F]{2}(:[0-9A-F]{2})+")
_UNKNOWN = "?"
_BELOW = 6
_MOST_VALUES, _MOST_UNREADABLE, _MOST_OCTETS = 100, 20, 64
"""How many names of a certificate, unreadable blocks of a file and octets of an identifier are shown; JSON has all."""


class Style(NamedTuple):
    """How much is shown, and what days are counted from."""

    short: bool
    now: datetime


def lines(name: str, holding: Holding, style: Style) -> Iterator[str]:
    """Everything in a file, in the order of the file within each kind."""
    yield from sides(f" {click.style(shown(name), bold=True)}   {_contents(holding)}", _("nothing here is verified"))
    for certificate in holding.material.certificates:
        yield ""
        yield from _certificate(certificate_facts(certificate), style)
    for request in holding.requests:
        yield ""
        yield from _request(request_facts(request.x509), style)
    if holding.keys:
        yield ""
    for key in holding.keys:
        yield from _key(key)
    if holding.unreadable or holding.not_shown:
        yield ""
    for label in holding.not_shown:
        yield from wrapped(_("not shown: {label}", label=shown(label) or "—"), " · ")
    for block in holding.unreadable[:_MOST_UNREADABLE]:
        yield from _unreadable(block.line, translate(block.reason))
    more = len(holding.unreadable) - _MOST_UNREADABLE
    if more > 0:
        yield " " * 3 + plural("and {count} more", "and {count} more", more)


def next_step(holdings: Mapping[str, Holding]) -> list[str]:
    """What to do after having read it all."""
    for name, holding in holdings.items():
        if holding.is_empty:
            return wrapped(_("what it is instead: mutua check {name}", name=shown(name)), " → ")
    for name, holding in holdings.items():
        if holding.material.certificates:
            return wrapped(_("whether it is any good: mutua check {name}", name=shown(name)), " → ")
    return wrapped(_("does a certificate fit? mutua check CHAIN --csr REQUEST --key KEY"), " → ")


def _contents(holding: Holding) -> str:
    private = sum(key.private for key in holding.keys)
    public = len(holding.keys) - private
    certificates, requests, unreadable = map(len, (holding.material.certificates, holding.requests, holding.unreadable))
    return detected(holding.encoding, certificates, requests, private, public, unreadable)


def _certificate(facts: CertificateFacts, style: Style) -> Iterator[str]:
    certificate, extensions = facts.certificate, facts.extensions
    title = f" {certificate.position}  {click.style(certificate.issued_to, bold=True)}"
    yield from sides(title, _days(certificate.not_before, certificate.not_after, style.now))
    validity = f"{certificate.not_before:%Y-%m-%d %H:%M} → {certificate.not_after:%Y-%m-%d %H:%M} UTC"
    if style.short:
        yield from _table(
            [
                (_("issued by"), certificate.issued_by),
                (_("names"), _values(extensions.names)),
                (_("valid"), validity),
                (_("key"), _("{key}, signed with {signature}", key=_key_words(facts.key), signature=facts.signature)),
                ("SHA-256", spaced(facts.sha256)),
            ]
        )
        return
    yield from _table(
        [
            (_("subject"), shown(readable_name(certificate.subject))),
            (_("issuer"), shown(readable_name(certificate.issuer))),
            (_("valid"), validity),
            (_("serial"), facts.serial),
            (_("key"), _key_words(facts.key)),
            (_("signed with"), facts.signature),
            *_extension_rows(extensions),
            ("SHA-256", spaced(facts.sha256)),
            (_("key SHA-256"), spaced(facts.key_sha256)),
        ]
    )


def _request(facts: RequestFacts, style: Style) -> Iterator[str]:
    verifies = _("its signature verifies") if facts.signature_verifies else _("its signature does NOT verify")
    kind = click.style(_("signing request"), bold=True)
    yield from sides(f" {kind}", verifies)
    rows = [(_("subject"), shown(readable_name(facts.subject))), (_("key"), _key_words(facts.key))]
    if style.short:
        yield from _table([*rows, (_("names"), _values(facts.extensions.names))])
        return
    digest = spaced(facts.key_sha256) if facts.key_sha256 else _UNKNOWN
    yield from _table(
        [
            *rows,
            (_("signed with"), facts.signature),
            *_extension_rows(facts.extensions),
            (_("key SHA-256"), digest),
        ]
    )


def _key_words(key: KeyWords | None) -> str:
    return str(key) if key else _UNKNOWN


def _key(key: Key) -> Iterator[str]:
    kind = _("private key") if key.private else _("public key")
    warning = _("keep it secret") if key.private else ""
    words = key.words or _("encrypted, not opened")
    yield from sides(f" {click.style(kind, bold=True)}   {words}", warning)


def _unreadable(line: int | None, reason: str) -> list[str]:
    where = _("unreadable: {reason}", reason=shown(reason))
    if line is not None:
        where = _("unreadable, line {line}: {reason}", line=line, reason=shown(reason))
    return wrapped(where, f" {click.style('✗', fg='red', bold=True)} ")


def _extension_rows(extensions: ExtensionFacts) -> Iterator[tuple[str, str]]:
    yield _("names"), _values(extensions.names)
    yield _("key usage"), _values(extensions.key_usage)
    yield _("extended key usage"), _values(extensions.extended_key_usage)
    yield _("basic constraints"), _constraints_words(extensions.basic_constraints)
    yield _("subject key id"), extensions.subject_key_id or "—"
    yield _("issuer key id"), extensions.authority_key_id or "—"
    for label, urls in (
        (_("issuer's file"), extensions.issuer_urls),
        ("OCSP", extensions.ocsp_urls),
        (_("revocation list"), extensions.revocation_urls),
    ):
        for url in urls[:_MOST_VALUES]:
            yield label, shown(url)
    for name, critical in extensions.others[:_MOST_VALUES]:
        yield _("also"), _("{value} (critical)", value=name) if critical else name


def _values(listed: Listed | None) -> str:
    if listed is None:
        return "—"
    text = ", ".join(shown(value) for value in listed.values[:_MOST_VALUES])
    if len(listed.values) > _MOST_VALUES:
        text = _("{values} and {count} more", values=text, count=len(listed.values) - _MOST_VALUES)
    return _("{value} (critical)", value=text) if listed.critical else text


def _constraints_words(constraints: Constraints | None) -> str:
    if constraints is None:
        return "—"
    text = "CA" if constraints.ca else _("no CA")
    if constraints.path_length is not None:
        text = _("{kind}, path length {length}", kind=text, length=constraints.path_length)
    return _("{value} (critical)", value=text) if constraints.critical else text


def _days(begin: datetime, end: datetime, now: datetime) -> str:
    if now < begin:
        return plural("not valid for {count} day yet", "not valid for {count} days yet", (begin - now).days)
    if now > end:
        return plural("expired {count} day ago", "expired {count} days ago", (now - end).days)
    return plural("{count} day left", "{count} days left", (end - now).days)


def _table(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Labels and values in two columns, each value escaped.

    Octets break after a colon; an address does not break, it goes below where it is too long.
    """
    column = max(len(label) for label, _value in rows) + 3
    for label, value in rows:
        lead = f"    {label:<{column}}"
        if _OCTETS.fullmatch(value):
            yield from _octet_lines(value, lead)
        elif " " not in value and len(lead) + len(value) > WIDTH:
            yield lead.rstrip()
            yield f"{' ' * _BELOW}{escaped(value)}"
        else:
            yield from wrapped(escaped(value) or "—", lead)


def _octet_lines(value: str, lead: str) -> Iterator[str]:
    per_line = (WIDTH - len(lead)) // len("00:") // 4 * 4
    octets = value.split(":")
    if len(octets) > _MOST_OCTETS:
        octets = [*octets[:_MOST_OCTETS], "…"]
    for start in range(0, len(octets), per_line):
        more = ":" if start + per_line < len(octets) else ""
        yield f"{lead if start == 0 else ' ' * len(lead)}{':'.join(octets[start : start + per_line])}{more}"
