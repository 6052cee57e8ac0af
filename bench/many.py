"""What one file of many costs `mutua check -r` beside `openssl verify` of as many leaves: CPU of whole processes.

    python -m bench.many [--files 400] [--runs 11]

Both get the same chains of three. `openssl verify` reads leaves of one certificate, since it cannot read chains, and is
told the intermediate and the root; `mutua check -r` reads a folder of whole chains and reports by every rule. The two
take turns, so that whatever else the machine does hits both alike, and the first round, in which Python compiles, does
not count.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.startup import cpu_ms, installed
from cryptography import x509

from mutua.authority.issue import Template, issue
from mutua.authority.keys import KeyType, generate

KEYS = 8
"""How many leaf keys there are; making one of RSA takes longer than anything that is measured."""


class Cost(NamedTuple):
    """What one run took, in milliseconds."""

    cpu: float
    wall: float


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure mutua check -r beside openssl verify.")
    arguments.add_argument("--files", type=int, default=400, help="chains in the folder (400)")
    arguments.add_argument("--runs", type=int, default=11, help="runs of each, in turn (11)")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutua-bench-") as name:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(name) / "compiled")
        for kind in (KeyType.RSA_2048, KeyType.EC_P256):
            commands = candidates(Path(name) / kind, kind, chosen.files)
            report(kind, measure(commands, chosen.runs), chosen.files)


def candidates(folder: Path, kind: KeyType, files: int) -> Mapping[str, Sequence[str]]:
    """The two commands. Chains, leaves and CA certificates are written to the folder."""
    chains, leaves = folder / "chains", folder / "leaves"
    chains.mkdir(parents=True)
    leaves.mkdir()
    top = issue(Template(common_name="Root-CA", is_ca=True), key=generate(kind))
    middle = issue(Template(common_name="Inter-CA1", is_ca=True, path_length=0), key=generate(kind), issuer=top)
    root, between = folder / "root.pem", folder / "between.pem"
    root.write_bytes(top.pem)
    between.write_bytes(middle.pem)
    keys = [generate(kind) for _ in range(KEYS)]
    named = [f"{number:05}.pem" for number in range(files)]
    for number, name in enumerate(named):
        host = f"om{number}.example.net"
        template = Template(common_name=host, names=[x509.DNSName(host)])
        leaf = issue(template, key=keys[number % KEYS], issuer=middle)
        (leaves / name).write_bytes(leaf.pem)
        (chains / name).write_bytes(leaf.pem + middle.pem + top.pem)
    verify = ["openssl", "verify", "-CAfile", str(root), "-untrusted", str(between)]
    return {
        "openssl verify": [*verify, *(str(leaves / name) for name in named)],
        "mutua check -r": [installed("mutua"), "check", "-r", str(chains)],
    }


def measure(commands: Mapping[str, Sequence[str]], runs: int) -> Mapping[str, list[Cost]]:
    """What each run but the first cost. Raises CalledProcessError where one finds something."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _run in range(runs + 1):
        for name, command in commands.items():
            begun = time.perf_counter()
            cpu = cpu_ms(command)
            costs[name].append(Cost(cpu, 1000 * (time.perf_counter() - begun)))
    return {name: measured[1:] for name, measured in costs.items()}


def report(kind: KeyType, costs: Mapping[str, list[Cost]], files: int) -> None:
    """Print the medians; the ratio is the median of those of each pair of runs."""
    theirs, ours = costs["openssl verify"], costs["mutua check -r"]
    print(f"{kind}, {files} chains of three, {len(ours)} runs")
    for name, measured in costs.items():
        cpu, wall = (statistics.median(times) for times in zip(*measured, strict=True))
        print(f"  {name:<16} {1000 * cpu / files:6.0f} µs CPU per file   {cpu:6.0f} ms CPU   {wall:6.0f} ms wall")
    ratio = statistics.median(our.cpu / their.cpu for our, their in zip(ours, theirs, strict=True))
    wall_ratio = statistics.median(our.wall / their.wall for our, their in zip(ours, theirs, strict=True))
    print(f"  mutua check -r / openssl verify: CPU {ratio:.2f}, wall {wall_ratio:.2f}")


if __name__ == "__main__":
    main()
