"""The appliance's codes and sentences, and everything that each can mean."""

from collections.abc import Iterator
from typing import NamedTuple

from mutua.chain import CATALOGUE, Profile, Refusal, Severity
from mutua.chain.pair import PAIR_RULES
from mutua.logbook.meaning import Meaning, all_meanings
from mutua.logbook.reading import squeezed
from mutua.message import message

_SHORTEST_SENTENCE = 16


class Code(NamedTuple):
    """A code, the sentences that come with it, and its causes."""

    refusal: Refusal
    meanings: tuple[Meaning, ...]


def known() -> list[str]:
    """The codes, in the order of the requirements."""
    return [code.refusal.message_id for code in _codes()]


def find(text: str) -> Code | None:
    """What a person copied from the screen or the log: a code, a sentence that comes with one, or MessageArgs."""
    wanted = _comparable(text)
    for code in _codes():
        if wanted == _comparable(code.refusal.message_id) or _begins(code.refusal, wanted):
            return code
        told = tuple(meaning for meaning in code.meanings if wanted in map(_comparable, meaning.refusal.arguments))
        if told:
            return Code(code.refusal, told)
    return None


def _begins(refusal: Refusal, wanted: str) -> bool:
    sentences = _comparable(f"{refusal.message} {refusal.resolution}")
    return len(wanted) >= _SHORTEST_SENTENCE and (
        sentences.startswith(wanted) or wanted.startswith(_comparable(refusal.message))
    )


def _comparable(text: str) -> str:
    return squeezed(text).strip("\"'.").casefold()


def _codes() -> Iterator[Code]:
    meanings = all_meanings()
    for message_id in dict.fromkeys(meaning.refusal.message_id for meaning in meanings):
        of_code = tuple(meaning for meaning in meanings if meaning.refusal.message_id == message_id)
        yield Code(of_code[0].refusal, of_code)
    yield _connection()


def _connection() -> Code:
    """What the appliance checks when it verifies the connection of two consoles (R19–R23)."""
    from mutua.peering import causes
    from mutua.peering.verify import CANNOT_AUTHENTICATE

    pairs = tuple(rule for rule in PAIR_RULES.values() if rule.severities.get(Profile.MIGRATION) is Severity.ERROR)
    return Code(
        CANNOT_AUTHENTICATE,
        (
            Meaning(
                CANNOT_AUTHENTICATE,
                "R19",
                message("a console has no chain, or one that the other cannot verify"),
                message(
                    "upload a chain to both consoles, as a chain: the upload of a single certificate keeps the leaf "
                    "alone. mutua check says what is wrong with each."
                ),
                rules=(causes.NO_CHAIN, CATALOGUE["file.chain-is-dropped"]),
            ),
            Meaning(
                CANNOT_AUTHENTICATE,
                "R20",
                message("different authorities stand behind the two chains"),
                message("have both leaves signed by the same issuing CA; mutua compare shows the rows that differ."),
                rules=pairs,
            ),
            Meaning(
                CANNOT_AUTHENTICATE,
                "R21",
                message("a certificate is not valid at the console's own date and time"),
                message("compare the clocks of both consoles, and have renewed what has expired."),
                rules=(causes.CLOCKS_DIFFER, *(rule for rule in CATALOGUE.values() if rule.requirement == "R21")),
            ),
            Meaning(
                CANNOT_AUTHENTICATE,
                "R22",
                message("a chain is too deep"),
                message("have the leaf signed by an authority further up."),
                rules=tuple(rule for rule in CATALOGUE.values() if rule.requirement == "R22"),
            ),
            Meaning(
                CANNOT_AUTHENTICATE,
                "R19",
                message("the two consoles do not reach each other, or somebody else answers"),
                message(
                    "see that both addresses are right and both consoles run; mutua migrate verify says what each of "
                    "them meets."
                ),
                rules=(
                    causes.UNREACHABLE,
                    causes.NOT_SIGNED_IN,
                    causes.REFUSED,
                    causes.HANDSHAKE_FAILED,
                    causes.SOMEBODY_ELSE,
                ),
            ),
        ),
    )
