"""What was seen of a server, as text."""

from collections.abc import Iterator
from typing import NamedTuple

import click

from mutua.chain import Report
from mutua.chain.certificate import printable, readable_name
from mutua.cli.chain_text import tree, verifiers
from mutua.cli.exits import Exit
from mutua.cli.paragraphs import sides, wrapped
from mutua.language import _, plural, translate
from mutua.message import N_, Message, message
from mutua.peering.alerts import Candidate, Situation, Standing, alert_name, candidates
from mutua.peering.fitting import Fit, authorities
from mutua.peering.probe import Reaction, Seen

_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
_STANDINGS = {
    Standing.LIKELY: ("✗", "red", N_("likely")),
    Standing.UNSEEN: ("?", "yellow", N_("cannot be seen from here")),
    Standing.RULED_OUT: ("–", "bright_black", N_("ruled out")),
}
_FITS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}


class Client(NamedTuple):
    """This side as the client: the report on its chain, what the server demands of it, and a handshake with it."""

    report: Report
    fits: tuple[Fit, ...]
    seen: Seen

    @property
    def refused(self) -> bool:
        """Whether the server did not take it."""
        return not self.seen.completed or self.seen.reaction in (Reaction.ALERT, Reaction.HUNG_UP)


class Connected(NamedTuple):
    """Everything that was found out. `report` is None where the server sent no certificate."""

    address: str
    expected: str
    trust_given: bool
    seen: Seen
    report: Report | None
    client: Client | None

    @property
    def exit(self) -> Exit:
        """How the command ends."""
        if self.report is None:
            return Exit.UNREACHABLE
        client = self.client
        wrong = self.report.errors or self.speaks_old_tls or self.broke_off
        wrong = wrong or (client is not None and (client.refused or client.report.errors))
        return Exit.FINDINGS if wrong else Exit.CLEAN

    @property
    def speaks_old_tls(self) -> bool:
        """Whether nothing newer than TLS 1.1 could be agreed on."""
        return self.seen.version in _OLD

    @property
    def broke_off(self) -> bool:
        """Whether the handshake failed for another reason than that no client certificate was shown."""
        return not self.seen.completed and not self.insists

    @property
    def insists(self) -> bool | None:
        """Whether the server ends a connection without a client certificate; None where that could not be seen."""
        if self.seen.request is None:
            return False
        return {Reaction.WENT_ON: False, Reaction.ALERT: True, Reaction.HUNG_UP: True}.get(self.seen.reaction)


def lines(connected: Connected) -> Iterator[str]:
    """All of it, line by line."""
    seen = connected.seen
    agreed = ", ".join(filter(None, (seen.version, seen.cipher, seen.protocol)))
    yield from sides(f" {click.style(printable(connected.address), bold=True)}   {agreed}", seen.peer)
    yield from _presented(connected)
    if seen.chain:
        yield from _demanded(connected)
    if connected.speaks_old_tls:
        yield from wrapped(_("TLS 1.1 and older are broken: nobody should speak them any more."), " ✗ ")
    if connected.report is None or connected.broke_off:
        yield ""
        yield from _ending(seen, None)
    if connected.report is not None:
        yield ""
        yield from _server(connected, connected.report)
    if connected.client is not None:
        yield ""
        yield from _client(connected.client)
    yield ""


def _presented(connected: Connected) -> Iterator[str]:
    if connected.report is None:
        yield from wrapped(_("It sent no certificate."), " ")
        return
    certificates = connected.report.material.certificates
    count = plural("sends {count} certificate", "sends {count} certificates", len(connected.seen.chain))
    order = " ← ".join(certificate.issued_to for certificate in certificates)
    yield from wrapped(order, f" {count}: ", "   ")


def _demanded(connected: Connected) -> Iterator[str]:
    request = connected.seen.request
    if request is None:
        yield from wrapped(_("asks for no client certificate"), " ")
        return
    manner = {
        True: _("demands a client certificate, and ends the connection without one"),
        False: _("asks for a client certificate, and goes on without one (a program may still refuse later)"),
        None: _("asks for a client certificate"),
    }
    yield from wrapped(manner[connected.insists], " ")
    names = [readable_name(name) for name in authorities(request)]
    accepted = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    labels = _("issued by"), _("signing with")
    width = max(map(len, labels)) + 3
    yield from wrapped(accepted or _("any CA: it names none"), f"   {labels[0]:<{width}}")
    yield from wrapped(", ".join(request.scheme_names) or "—", f"   {labels[1]:<{width}}")


def _server(connected: Connected, report: Report) -> Iterator[str]:
    by = _("the roots given") if connected.trust_given else _("the roots of this system")
    heading = _("The server's chain, as a client sees it that trusts {roots}:", roots=by)
    yield from wrapped(heading, " ")
    yield ""
    yield from tree(report)
    if not report.arrangement.anchor:
        yield ""
        yield from wrapped(_("A server need not send its root: say which one you trust with --trust."), " ")
    yield from _count(report)


def _count(report: Report) -> Iterator[str]:
    yield ""
    yield from verifiers(report)
    if report.errors:
        yield click.style(" ✗ " + plural("{count} error.", "{count} errors.", len(report.errors)), fg="red")
    else:
        yield click.style(" ✓ " + _("No errors."), fg="green")


def _client(client: Client) -> Iterator[str]:
    yield from wrapped(_("This side's chain, as the server may see it:"), " ")
    yield ""
    yield from tree(client.report)
    yield ""
    for fit in client.fits:
        mark, colour = _FITS[fit.fits]
        yield from wrapped(f"{_(fit.title)}: {translate(fit.found)}", f" {click.style(mark, fg=colour, bold=True)} ")
    yield from _ending(client.seen, client)


def ending(seen: Seen, client: Client | None) -> Message:
    """How the handshake ended, in a sentence."""
    if seen.alert is not None:
        return message("It ends the connection with the alert {alert}.", alert=alert_name(seen.alert))
    if seen.reaction is Reaction.HUNG_UP:
        return message("It hung up without a word.")
    if not seen.completed and seen.reaction is Reaction.NOT_UNDERSTOOD:
        return message("OpenSSL on this side cannot go on with what it sent: {detail}.", detail=seen.detail)
    if not seen.completed:
        return message("It fell silent in the middle of the handshake.")
    if seen.sent is None:
        return message("It did not ask for a certificate.")
    if client is None:
        return message("It goes on without a certificate.")
    if not seen.sent:
        return message("It goes on, but the certificate was not sent: the key has no signature scheme that it takes.")
    if seen.reaction is Reaction.WENT_ON:
        return message("It accepts the certificate.")
    return message("It has not objected to the certificate within the time given.")


def _ending(seen: Seen, client: Client | None) -> Iterator[str]:
    refused = not seen.completed or seen.reaction in (Reaction.ALERT, Reaction.HUNG_UP)
    mark = click.style("✗", fg="red", bold=True) if refused else click.style("✓", fg="green", bold=True)
    yield from wrapped(_("The handshake: {ending}", ending=translate(ending(seen, client))), f" {mark} ")
    for candidate in causes(seen, client):
        yield from _candidate(candidate)


def causes(seen: Seen, client: Client | None) -> tuple[Candidate, ...]:
    """What may have caused the end; empty where the server has not ended it."""
    asked_and_hung_up = seen.reaction is Reaction.HUNG_UP and seen.request is not None
    if seen.alert is None and not asked_and_hung_up:
        return ()
    return candidates(seen.alert, Situation(seen, client.report if client else None))


def _has_likely_cause(client: Client) -> bool:
    return any(candidate.standing is Standing.LIKELY for candidate in causes(client.seen, client))


def _candidate(candidate: Candidate) -> Iterator[str]:
    mark, colour, word = _STANDINGS[candidate.standing]
    yield from sides(f"   {click.style(mark, fg=colour, bold=True)} {_(candidate.title)}", _(word))
    if candidate.standing is not Standing.RULED_OUT:
        yield from wrapped(translate(candidate.found), "     ")
        yield from wrapped(_(candidate.fix), "     → ")
    elif candidate.found.values:
        yield from wrapped(translate(candidate.found), "     ")


def next_steps(connected: Connected) -> Iterator[str]:
    """What to do after having read it all."""
    address = printable(connected.address)
    if connected.report is None or connected.broke_off:
        step = _("look into the server's log; then: mutua connect {address}", address=address)
    elif connected.report.errors:
        step = _("mend what is marked ✗ on the server, then: mutua connect {address}", address=address)
    elif connected.client is None and connected.seen.request is not None:
        step = _("does your chain fit? mutua connect {address} --cert CHAIN --key KEY", address=address)
    elif connected.client is not None and (connected.client.report.errors or _has_likely_cause(connected.client)):
        step = _("mend what is marked ✗ on this side, then try again")
    elif connected.client is not None and connected.client.refused:
        step = _("look into the server's log; then: mutua connect {address}", address=address)
    else:
        step = _("to keep the chain as it is sent: mutua connect {address} --save FILE", address=address)
    yield from wrapped(step, " → ", "    ")
