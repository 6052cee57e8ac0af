"""How the checker agrees with the x509-limbo suite: one JSON line on standard output.

python tests/conformance/limbo.py CORPUS.json.gz [--profile mtls|webpki|…]

The corpus is a list of upstream test cases. Only the public Python API is used. Without --profile a case about a
server is judged by the profile server and one about a client by the profile client: that is what the case asks.
The suite holds RFC 5280's demands on whoever issues against a chain too, so the report is asked whether it conforms.
"""

import argparse
import gzip
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mutua import chain

Case = dict[str, Any]


class UnsupportedError(Exception):
    """The case asks for something that the checker has no question for."""


def main() -> None:
    """Run the corpus and print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--profile", type=chain.Profile, choices=list(chain.Profile))
    arguments = parser.parse_args()
    print(json.dumps(run(read(arguments.corpus), arguments.profile)))


def read(corpus: Path) -> list[Case]:
    """The cases of a corpus."""
    cases: list[Case] = json.loads(gzip.decompress(corpus.read_bytes()))
    return cases


def run(cases: Sequence[Case], profile: chain.Profile | None = None) -> dict[str, Any]:
    """How often the checker agrees, where it does not, and how long the slowest case took, in seconds."""
    agree = unsupported = crashed = 0
    false_accept: list[str] = []
    false_reject: list[str] = []
    slowest = 0.0
    for case in cases:
        before = time.perf_counter()
        try:
            accepted = accepts(case, profile)
        except UnsupportedError:
            unsupported += 1
            continue
        except Exception:
            crashed += 1
            continue
        slowest = max(slowest, time.perf_counter() - before)
        if accepted == (case["expected_result"] == "SUCCESS"):
            agree += 1
        else:
            (false_accept if accepted else false_reject).append(case["id"])
    return {
        "agree": agree,
        "false_accept": false_accept,
        "false_reject": false_reject,
        "unsupported": unsupported,
        "crashed": crashed,
        "slowest_s": round(slowest, 3),
    }


def accepts(case: Case, profile: chain.Profile | None) -> bool:
    """Whether the checker takes the case's certificate for what the case wants it for."""
    if case["signature_algorithms"]:
        raise UnsupportedError("signature algorithms")
    wanted = [*case["expected_peer_names"], *([case["expected_peer_name"]] if case["expected_peer_name"] else [])]
    at = case["validation_time"]
    report = chain.check(
        "".join([case["peer_certificate"], *case["untrusted_intermediates"]]).encode(),
        at=datetime.fromisoformat(at) if at else datetime.now(UTC),
        profile=profile or _profile_of(case),
        trust=[anchor.encode() for anchor in case["trusted_certs"]],
        names=[name["value"] for name in wanted if name["kind"] == "DNS"],
        addresses=[name["value"] for name in wanted if name["kind"] == "IP"],
        crls=[crl.encode() for crl in case["crls"]],
        max_depth=case["max_chain_depth"],
    )
    return report.conforming


def _profile_of(case: Case) -> chain.Profile:
    purposes = case["extended_key_usage"] or ["serverAuth" if case["validation_kind"] == "SERVER" else "clientAuth"]
    return chain.Profile.CLIENT if purposes == ["clientAuth"] else chain.Profile.SERVER


if __name__ == "__main__":
    main()
