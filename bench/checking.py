"""The full report, and the yes or no alone, for many leaves under shared issuers: the CPU of one core.

The reference is two raw signature checks for each chain.

    python bench/checking.py [CHAINS] [ROUNDS]

Chains of three: RSA 2048 under 2048 under 4096, and EC P-256 throughout. Every leaf is another one; the issuers are
the same, as they are in a folder of one organization's certificates. The candidates take turns, after a round that
does not count.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mutua import chain
from mutua.authority.issue import Issued, Template, issue
from mutua.authority.keys import KeyType, generate

CHAINS = 400
ROUNDS = 9
TARGETS = {"yes or no": 0.75, "full report, DER": 3.0, "full report, PEM": 3.0}
"""How many times two raw signature checks each may cost."""

Job = Callable[[], None]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CHAINS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    gc.disable()  # As the command line does.
    for label, kinds in (
        ("RSA 2048, 2048, 4096", (KeyType.RSA_2048, KeyType.RSA_2048, KeyType.RSA_4096)),
        ("EC P-256", (KeyType.EC_P256,) * 3),
    ):
        report(label, measure(candidates(kinds, count), rounds), count)


def candidates(kinds: Sequence[KeyType], count: int) -> Mapping[str, Job]:
    """What is measured, by what it is called in the table."""
    of_leaf, of_intermediate, of_root = kinds
    root = issue(Template(common_name="Root-CA", is_ca=True), key=generate(of_root))
    intermediate = issue(
        Template(common_name="Inter-CA1", is_ca=True, path_length=0), key=generate(of_intermediate), issuer=root
    )
    key = generate(of_leaf)
    chains = [
        [issue(named(f"om{number}.example.net"), key=key, issuer=intermediate), intermediate, root]
        for number in range(count)
    ]
    in_der = [[one.certificate.public_bytes(Encoding.DER) for one in links] for links in chains]
    in_pem = [b"".join(one.pem for one in links) for links in chains]
    at = datetime.now(UTC)
    return {
        "two raw signature checks": lambda: verify(chains),
        "yes or no": lambda: vouch(in_der, at),
        "full report, DER": lambda: check(in_der, at),
        "full report, PEM": lambda: check(in_pem, at),
    }


def named(name: str) -> Template:
    return Template(common_name=name, names=[x509.DNSName(name)])


def verify(chains: Sequence[Sequence[Issued]]) -> None:
    for leaf, intermediate, root in chains:
        leaf.certificate.verify_directly_issued_by(intermediate.certificate)
        intermediate.certificate.verify_directly_issued_by(root.certificate)


def check(inputs: Sequence[bytes] | Sequence[Sequence[bytes]], at: datetime) -> None:
    """Raises AssertionError where a chain is not sound: then something else would be measured."""
    for data in inputs:
        if chain.check(data, at=at, profile=chain.Profile.MTLS).errors:
            raise AssertionError("a sound chain has errors")


def vouch(inputs: Sequence[Sequence[bytes]], at: datetime) -> None:
    """Raises AssertionError as `check` does."""
    issuers = chain.Issuers(*inputs[0][1:], at=at)
    if not all(issuers.vouch_for(leaf) for leaf, *_issuers in inputs):
        raise AssertionError("a sound leaf is refused")


def measure(jobs: Mapping[str, Job], rounds: int) -> Mapping[str, float]:
    """The median CPU of each job, in seconds."""
    costs: dict[str, list[float]] = {name: [] for name in jobs}
    for _round in range(rounds + 1):
        for name, job in jobs.items():
            begin = time.process_time()
            job()
            costs[name].append(time.process_time() - begin)
    return {name: statistics.median(measured[1:]) for name, measured in costs.items()}


def report(label: str, costs: Mapping[str, float], count: int) -> None:
    reference = next(iter(costs.values()))
    print(f"{label}, {count} chains")
    for name, cost in costs.items():
        target = f"target {TARGETS[name]}" if name in TARGETS else ""
        print(f"  {name:<26} {1e6 * cost / count:5.0f} us a chain  {cost / reference:5.2f} x  {target}")


if __name__ == "__main__":
    main()
