"""Consoles that exist by what they say of themselves only: as much as the judgement looks at."""

from datetime import UTC, datetime
from typing import NamedTuple

from tests.peering.certified import Authority

from mutua.authority.issue import chain
from mutua.chain.decode import decode
from mutua.peering.identity import IdentityKind
from mutua.peering.standing import Standing
from mutua.peering.verify import Meeting

ADDRESS = "127.0.0.1:1"


class Said(NamedTuple):
    """An end that says what it is told to."""

    says: Standing
    met: Meeting

    def standing(self) -> Standing:
        """What it says of itself."""
        return self.says

    def meet(self, peer_address: str) -> Meeting:
        """What came of connecting to the other one."""
        assert peer_address == ADDRESS
        return self.met


def said(authority: Authority, name: str, **knobs: object) -> Standing:
    """The standing of a console with a sound chain, but for the knobs."""
    certificates = decode(chain(authority.leaf(name, **knobs), *authority.path)).certificates
    return Standing(name, "1", datetime.now(UTC), IdentityKind.CHAIN, certificates, ADDRESS)
