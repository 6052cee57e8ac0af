"""The phases of a migration, on either side, and which may follow which.

Source: prepared → streaming → released → done.
Target: prepared → streaming → validated → committed → done.
Either: → aborted, until the target has committed. The target's `committed` alone decides.
"""

from enum import StrEnum


class Role(StrEnum):
    """Which end of the migration this console is."""

    SOURCE = "source"
    TARGET = "target"


class Phase(StrEnum):
    """How far it has come. Each is written down before anything that depends on it is done."""

    PREPARED = "prepared"
    STREAMING = "streaming"
    VALIDATED = "validated"
    COMMITTED = "committed"
    RELEASED = "released"
    DONE = "done"
    ABORTED = "aborted"


class Outcome(StrEnum):
    """What the target's record says, to a source that asks."""

    UNDECIDED = "undecided"
    COMMITTED = "committed"
    ABORTED = "aborted"


FOLLOWING: dict[Role, dict[Phase, frozenset[Phase]]] = {
    Role.SOURCE: {
        Phase.PREPARED: frozenset({Phase.STREAMING, Phase.ABORTED}),
        Phase.STREAMING: frozenset({Phase.RELEASED, Phase.ABORTED}),
        Phase.RELEASED: frozenset({Phase.DONE}),
    },
    Role.TARGET: {
        Phase.PREPARED: frozenset({Phase.STREAMING, Phase.ABORTED}),
        Phase.STREAMING: frozenset({Phase.VALIDATED, Phase.ABORTED}),
        Phase.VALIDATED: frozenset({Phase.COMMITTED, Phase.ABORTED}),
        Phase.COMMITTED: frozenset({Phase.DONE}),
    },
}
"""What may follow; a phase that is no key here is final."""


def is_final(phase: Phase) -> bool:
    """Whether nothing can follow."""
    return phase in (Phase.DONE, Phase.ABORTED)


def outcome(phase: Phase) -> Outcome:
    """What a target in this phase has decided."""
    if phase in (Phase.COMMITTED, Phase.DONE):
        return Outcome.COMMITTED
    return Outcome.ABORTED if phase is Phase.ABORTED else Outcome.UNDECIDED
