"""What a refusal means: from its code and arguments, which the log has, to the rules that may be broken (R11–R17)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mutua.chain import CATALOGUE, Profile, Refusal, Rule, Severity
from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, INVALID_DISTINGUISHED_NAME, Stage
from mutua.chain.certificate import printable
from mutua.chain.pair import PairRule
from mutua.logbook.reading import squeezed
from mutua.message import N_, Message, message


class Upload(StrEnum):
    """What was uploaded."""

    CHAIN = "chain"
    CERTIFICATE = "certificate"


class Meaning(NamedTuple):
    """One cause that a refusal may have: what is wrong, what to do, and which rules look for it.

    `requirement` is what the cause breaks. `uploads` is on which uploads it gives this refusal; empty for a refusal
    of something else.
    """

    refusal: Refusal
    requirement: str
    title: Message
    fix: Message
    uploads: tuple[Upload, ...] = ()
    stage: Stage | None = None
    rules: tuple[Rule | PairRule, ...] = ()


_STAGES = {
    Stage.ENCODING: (
        "R4",
        N_("the file is not whole certificates in Base 64"),
        N_("save the certificates as Base 64 (PEM): whole blocks from BEGIN CERTIFICATE to END CERTIFICATE."),
    ),
    Stage.CSR_KEY: (
        "R3",
        N_("the leaf answers another signing request"),
        N_("generate one signing request on the console, leave it alone, and have the CA sign that one."),
    ),
    Stage.CHAIN: (
        "R7, R8",
        N_("a CA certificate is missing or does not fit"),
        N_("put into one file the leaf, every intermediate and the root, each followed by the one that signed it."),
    ),
    Stage.COMMON_NAME: (
        "R9",
        N_("no common name, or a wildcard (*) in a name"),
        N_("request a certificate for the console's full host name; every CA certificate needs a common name too."),
    ),
    Stage.EXTENDED_KEY_USAGE: (
        "R5",
        N_("no client or server authentication in the leaf"),
        N_("request a certificate whose extended key usage lists server and client authentication."),
    ),
    Stage.KEY_ENCIPHERMENT: (
        "R6",
        N_("no key encipherment in the leaf"),
        N_("request a certificate whose key usage includes key encipherment."),
    ),
}

_PROFILES = {Upload.CHAIN: Profile.MIGRATION, Upload.CERTIFICATE: Profile.SERVER}
_ANSWERS = {Upload.CHAIN: CHAIN_UPLOAD, Upload.CERTIFICATE: CERTIFICATE_UPLOAD}


def all_meanings() -> tuple[Meaning, ...]:
    """Every cause of every refusal, in the order in which the appliance looks for them."""
    uploads = [meaning for stage in Stage for meaning in _of_stage(stage)]
    return (*uploads, _bad_property())


def meanings_of(message_id: str, arguments: Sequence[str]) -> tuple[Meaning, ...]:
    """What one refusal can have meant; more than one where the appliance tells them apart nowhere.

    Blanks count for nothing: logs gain and lose them. Empty where the code or the arguments are not known.
    """
    wanted = tuple(squeezed(argument) for argument in arguments)
    if squeezed(message_id) == INVALID_DISTINGUISHED_NAME.message_id and len(wanted) <= 1:
        return (_bad_property(*wanted),)
    return tuple(
        meaning
        for meaning in all_meanings()
        if meaning.refusal.message_id == squeezed(message_id)
        and tuple(squeezed(argument) for argument in meaning.refusal.arguments) == wanted
    )


def _of_stage(stage: Stage) -> list[Meaning]:
    """One meaning where both uploads answer alike, else one for each."""
    answers = {upload: answers[stage] for upload, answers in _ANSWERS.items()}
    requirement, title, fix = _STAGES[stage]
    return [
        Meaning(refusal, requirement, Message(title), Message(fix), uploads, stage, _rules(stage, uploads))
        for refusal in dict.fromkeys(answers.values())
        if (uploads := tuple(upload for upload, answer in answers.items() if answer == refusal))
    ]


def _rules(stage: Stage, uploads: Sequence[Upload]) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in CATALOGUE.values()
        if rule.stage is stage and any(rule.severities.get(_PROFILES[upload]) is Severity.ERROR for upload in uploads)
    )


def _bad_property(name: str = "DistinguishedName") -> Meaning:
    return Meaning(
        INVALID_DISTINGUISHED_NAME,
        "R11",
        message("a value of the signing request is missing or invalid: {property}", property=printable(name)),
        message(
            "fill in every value of the distinguished name, without a wildcard (*), and generate the request again."
        ),
    )
