"""What `mutua check` of one chain costs beside `openssl verify` of the same: CPU of whole processes, start and end.

    python bench/startup.py [ROUNDS]

The candidates take turns, so that whatever else the machine does hits all of them alike. Python reads compiled
modules, as it does where pip has installed them: the first round, which compiles, does not count.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mutua.authority.issue import Issued, Template, issue
from mutua.authority.keys import KeyType, generate

ROUNDS = 21
TARGET = 18
"""How many times the CPU of `openssl verify` one check may cost."""


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        for kind in (KeyType.RSA_2048, KeyType.EC_P256):
            report(kind, measure(candidates(folder, kind), rounds))


def candidates(folder: Path, kind: KeyType) -> Mapping[str, Sequence[str]]:
    """The commands, by what they are called in the table. The chain is written to the folder."""
    chain, leaf, between, root = (str(folder / f"{kind}-{name}.pem") for name in ("chain", "leaf", "between", "root"))
    top = issue(Template(common_name="Root-CA", is_ca=True), key=generate(kind))
    middle = issue(Template(common_name="Inter-CA1", is_ca=True, path_length=0), key=generate(kind), issuer=top)
    end = issue(Template(common_name="om.example.net"), key=generate(kind), issuer=middle)
    write({leaf: [end], between: [middle], root: [top], chain: [end, middle, top]})
    return {
        "openssl verify": ["openssl", "verify", "-CAfile", root, "-untrusted", between, leaf],
        "python -c pass": [sys.executable, "-c", "pass"],
        "import click, cryptography": [sys.executable, "-c", "import click, cryptography.x509.verification"],
        "mutua check": [installed("mutua"), "check", chain],
    }


def write(files: Mapping[str, Sequence[Issued]]) -> None:
    for name, issued in files.items():
        Path(name).write_bytes(b"".join(one.pem for one in issued))


def installed(name: str) -> str:
    """The command that the environment of this Python has. Raises FileNotFoundError."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise FileNotFoundError(name)
    return found


def measure(commands: Mapping[str, Sequence[str]], rounds: int) -> Mapping[str, list[float]]:
    """The CPU of each command in each round but the first, in milliseconds."""
    costs: dict[str, list[float]] = {name: [] for name in commands}
    for _round in range(rounds + 1):
        for name, command in commands.items():
            costs[name].append(cpu_ms(command))
    return {name: measured[1:] for name, measured in costs.items()}


def cpu_ms(command: Sequence[str]) -> float:
    """User and system time of one run. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def report(kind: KeyType, costs: Mapping[str, list[float]]) -> None:
    reference = statistics.median(costs["openssl verify"])
    print(f"{kind}, three certificates, {len(costs['mutua check'])} rounds")
    for name, measured in costs.items():
        median = statistics.median(measured)
        print(f"  {name:<28} {median:7.1f} ms  {median / reference:5.1f} x  (least {min(measured):.1f} ms)")
    ratio = statistics.median(costs["mutua check"]) / reference
    print(f"  mutua check / openssl verify = {ratio:.1f}, target {TARGET}")


if __name__ == "__main__":
    main()
