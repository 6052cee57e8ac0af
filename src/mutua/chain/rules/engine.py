"""Where the validating engine refuses a path and no rule says why: the engine has the last word."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, Evidence, Examined, errors, rule
from mutua.chain.verdict import ENGINE
from mutua.message import N_, message


@rule(
    "engine.refused",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the path does not validate"),
    reason=N_("An established engine validates every path; what it refuses, a peer is likely to refuse as well."),
    fix=N_("show its answer to whoever runs the CA."),
    source="RFC 5280, section 6",
)
def refused(examined: Examined) -> Iterator[Evidence]:
    if examined.verdict.refuses:
        for leaf in examined.leaf:
            yield Evidence(message("{engine} says: {detail}", engine=ENGINE, detail=examined.verdict.detail), leaf)
