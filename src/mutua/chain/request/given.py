"""Rules about the certificate that answers a signing request: what the CA made of what was asked for (R3)."""

from collections.abc import Iterator

from mutua.chain.catalogue import EVERY, Profile, Severity, errors, warnings
from mutua.chain.certificate import printable
from mutua.chain.request.model import Question, request_rule
from mutua.chain.rules.leaf import PURPOSES
from mutua.message import N_, Message, message

_SHOWN = 10
_USES = {
    "digital_signature": "digitalSignature",
    "key_encipherment": "keyEncipherment",
    "key_agreement": "keyAgreement",
    "data_encipherment": "dataEncipherment",
}


@request_rule(
    "request.answered-for-another-key",
    "R3",
    errors(*EVERY),
    title=N_("the certificate answers another signing request"),
    reason=N_("A certificate is for the key of its own request; with any other key it is of no use."),
    fix=N_("find the request that it answers (mutua key match), or have this request signed."),
    remedy="sign-request",
)
def another_key(question: Question) -> Iterator[Message]:
    if question.answer is not None and question.answer.key_id != question.request.key_id:
        yield message("The key of {name} is not the key of the request.", name=question.answer.issued_to)


@request_rule(
    "request.name-not-given",
    "—",
    errors(Profile.MIGRATION, Profile.SERVER, Profile.MTLS, Profile.WEBPKI) | warnings(Profile.CLIENT),
    title=N_("the CA left out a name that was asked for"),
    reason=N_("Clients that connect by this name or address will refuse the certificate."),
    fix=N_("have it issued again with all names; many CAs take them from elsewhere and not from the request."),
    source="RFC 9525, section 2",
    remedy="alternative-names",
)
def name_not_given(question: Question) -> Iterator[Message]:
    answer = question.certified
    if answer is None:
        return
    given = {name.lower() for name in (*answer.dns_names, *answer.addresses)}
    asked = (*question.request.dns_names, *question.request.addresses)
    if missing := [name for name in asked if name.lower() not in given]:
        yield message("Asked for and not in the certificate: {names}.", names=_listed(missing))


@request_rule(
    "request.purpose-not-given",
    "R5",
    errors(*EVERY),
    title=N_("the CA left out a purpose that was asked for"),
    reason=N_("The certificate may not be used for what it was requested for; the CA's template or profile decides."),
    fix=N_("have it issued again from a template that gives all purposes, or by a private CA (mutua ca sign)."),
    source="RFC 5280, section 4.2.1.12",
    remedy="both-purposes",
)
def purpose_not_given(question: Question) -> Iterator[Message]:
    if question.certified is None:
        return
    missing = [purpose for purpose in question.request.purposes or () if not question.certified.permits(purpose)]
    if missing:
        names = [PURPOSES.get(purpose, purpose.dotted_string) for purpose in missing]
        yield message("Asked for and not in the certificate: {names}.", names=_listed(names))


@request_rule(
    "request.key-use-not-given",
    "R6",
    warnings(*EVERY),
    title=N_("the CA left out a key usage that was asked for"),
    reason=N_("The CA's template or profile decides what the key may be used for; it has not followed the request."),
    fix=N_("see whether it matters: mutua check says what is wrong with the certificate."),
    source="RFC 5280, section 4.2.1.3",
    remedy="key-usage",
)
def key_use_not_given(question: Question) -> Iterator[Message]:
    asked = question.request.key_usage
    given = question.certified.key_usage if question.certified else None
    if asked is not None and given is not None:
        missing = [name for use, name in _USES.items() if getattr(asked, use) and not getattr(given, use)]
        if missing:
            yield message("Asked for and not in the certificate: {names}.", names=_listed(missing))


@request_rule(
    "request.subject-changed",
    "—",
    dict.fromkeys(EVERY, Severity.NOTICE),
    title=N_("the CA changed the subject"),
    reason=N_("CAs put in the certificate what they have verified, which need not be what was asked for."),
    fix=N_("nothing is needed as long as names and common name are right."),
)
def subject_changed(question: Question) -> Iterator[Message]:
    if question.certified is not None and question.certified.subject != question.request.subject:
        yield message(
            "Asked for: {asked}. In the certificate: {given}.",
            asked=printable(question.request.subject.rfc4514_string()) or "—",
            given=printable(question.certified.subject.rfc4514_string()) or "—",
        )


@request_rule(
    "request.name-added",
    "—",
    dict.fromkeys(EVERY, Severity.NOTICE),
    title=N_("the CA added a name that was not asked for"),
    reason=N_("Whoever holds the key can also speak for this name."),
    fix=N_("see that the name is yours; CAs often add the common name, or the name with www in front."),
)
def name_added(question: Question) -> Iterator[Message]:
    answer = question.certified
    if answer is None:
        return
    asked = {name.lower() for name in (*question.request.dns_names, *question.request.addresses)}
    if added := [name for name in (*answer.dns_names, *answer.addresses) if name.lower() not in asked]:
        yield message("In the certificate and not asked for: {names}.", names=_listed(added))


def _listed(names: list[str]) -> str:
    return ", ".join(map(printable, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
