"""`mutua explain` on a log of 1 GiB beside `grep -c -F`, which only counts lines: the whole job of both, interleaved.

Two logs: an ordinary one, and one made hard, in which the letter that the search goes by is in every word. Prints
the CPU time of both processes as a ratio (the measure that repeats on a shared machine), that of the wall time, and
the peak memory on the whole log and on a sixteenth of it, which must be the same.

    python bench/logscan.py [--mib 1024] [--runs 7]
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from mutua.chain import appliance

REFUSALS = 341
GREPPED = "CGEN1008"
MIB = 1024 * 1024
_BLOCK_ENTRIES = 50_000
_BEGIN = datetime.fromisoformat("2024-01-25 10:00:00")
_LOGGERS = ("DeviceController", "JobService", "AlertHandler", "InventoryTask", "SessionController", "SSLController")
_WEIGHTS = (30, 20, 20, 15, 14.7, 0.3)
_ANSWERS = (
    appliance.INVALID_CSR_KEY,
    appliance.INVALID_CHAIN,
    appliance.NO_AUTHENTICATION_USAGE,
    appliance.NOT_A_WEB_SERVER,
    appliance.INVALID_COMMON_NAME,
)


Sentence = Callable[[random.Random], str]


class Cost(NamedTuple):
    """What one run of a process took."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure mutua explain beside grep -c -F.")
    arguments.add_argument("--mib", type=int, default=1024, help="size of the log (1024)")
    arguments.add_argument("--runs", type=int, default=7, help="runs of each, interleaved (7)")
    chosen = arguments.parse_args()
    for kind, sentence in (("ordinary", message), ("hard", hard_message)):
        measure(kind, sentence, chosen.mib, chosen.runs)


def measure(kind: str, sentence: Sentence, mib: int, runs: int) -> None:
    """Write one kind of log to a temporary folder, run both on it in turn, and show what they cost."""
    with tempfile.TemporaryDirectory(prefix="mutua-bench-") as folder:
        whole, part = Path(folder, "application.log"), Path(folder, "part.log")
        write_log(whole, mib * MIB, sentence)
        write_log(part, mib * MIB // 16, sentence)
        explained, grepped = [], []
        for _run in range(runs):
            explained.append(explain(whole))
            grepped.append(run(["grep", "-c", "-F", GREPPED, str(whole)]))
        on_part = explain(part)
    print(f"{kind} log, {mib} MiB, {REFUSALS} refusals; {runs} runs of each, medians")
    show(explained, grepped, on_part)


def show(explained: Sequence[Cost], grepped: Sequence[Cost], on_part: Cost) -> None:
    """Print medians, those of the ratio being of the ratios of each pair of runs."""
    ours, theirs = (statistics.median(cost.cpu_s for cost in costs) for costs in (explained, grepped))
    ratio = statistics.median(one.cpu_s / other.cpu_s for one, other in zip(explained, grepped, strict=True))
    wall = statistics.median(one.wall_s / other.wall_s for one, other in zip(explained, grepped, strict=True))
    print(f"grep -c -F {GREPPED:<20} {theirs:6.3f} s CPU")
    print(f"mutua explain (whole process)   {ours:6.3f} s CPU")
    print(f"ratio                           {ratio:6.2f}  (wall {wall:.2f})")
    print(f"peak memory                     {max(cost.peak_mib for cost in explained):6.1f} MiB")
    print(f"  on a sixteenth of the log     {on_part.peak_mib:6.1f} MiB\n")


def explain(log: Path) -> Cost:
    """Run the command, and see to it that every refusal was found."""
    script = "from mutua.cli.main import main; main()"
    found: list[bytes] = []
    cost = run([sys.executable, "-c", script, "explain", str(log), "--format", "json"], found)
    refusals = json.loads(b"".join(found))["refusals"]
    if refusals != REFUSALS:
        raise SystemExit(f"{refusals} of {REFUSALS} refusals were found")
    return cost


def run(command: Sequence[str], output: list[bytes] | None = None) -> Cost:
    """Run a process and take what it cost from the system."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101  (asked for above)
    told = process.stdout.read()
    process.stdout.close()
    _pid, _status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = 0
    if output is not None:
        output.append(told)
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def write_log(path: Path, size: int, sentence: Sentence) -> None:
    """A log of `size` bytes: entries of many threads, stack traces, some JSON, and refusals spread evenly over it."""
    block = "".join(entries(random.Random(1), sentence)).encode()  # noqa: S311  (the same log in every run)
    written, refused = 0, 0
    with path.open("wb") as log:
        while written < size:
            due = min(REFUSALS, (written + len(block)) * REFUSALS // size)
            refusals = "".join(refusal(number) for number in range(refused, due)).encode()
            written += log.write(block) + log.write(refusals)
            refused = due


def entries(chance: random.Random, sentence: Sentence) -> Iterator[str]:
    """What a console writes all day."""
    moment = _BEGIN
    for _entry in range(_BLOCK_ENTRIES):
        moment += timedelta(milliseconds=chance.randint(1, 40))
        level = chance.choices(("INFO ", "DEBUG", "WARN ", "ERROR"), (70, 20, 7, 3))[0]
        logger = chance.choices(_LOGGERS, _WEIGHTS)[0]
        yield f"{beginning(level, moment, chance.randint(1, 40), logger)}{sentence(chance)}\n"
        if level == "ERROR" and chance.random() < 0.3:
            yield "java.lang.IllegalStateException: The device does not answer\n"
            for _frame in range(12):
                line = chance.randint(10, 900)
                yield f"\tat com.example.console.device.DeviceTask.run(DeviceTask.java:{line})\n"


def message(chance: random.Random) -> str:
    """One of the sentences of a console."""
    number = chance.randint(1, 99_999)
    return chance.choice(
        (
            f"getDevices(): returned 50 of 8000 devices in {number % 900} ms",
            f"Job {number} moved from Queued to Running by user admin",
            f"Alert received from 10.0.{number % 256}.{number // 256 % 256}",
            f"Session {chance.getrandbits(128):032x} renewed",
            f"Inventory of {chance.getrandbits(28):07X} finished: 12 components, 3 changed",
            f'Event: {{"Id":{number},"MessageId":"SYS{number % 1000}","Message":"The inlet temperature is normal."}}',
        )
    )


def hard_message(chance: random.Random) -> str:
    """One that is full of the letters of the controller's name."""
    return f"{message(chance)} URL=LOCAL SSL=ALL LABEL=LDAP"


def refusal(number: int) -> str:
    """An entry of R18, wrapped over several lines as support pages show it."""
    body = json.dumps(_ANSWERS[number % len(_ANSWERS)].body(), separators=(",", ":"))
    wrapped = body.replace(',"', ',\n"')
    header = beginning("ERROR", _BEGIN + timedelta(seconds=number), number % 40, "SSLController")
    return f"{header}uploadNewCertificateChain():\n Error uploading certificate chain: {wrapped}\n"


def beginning(level: str, moment: datetime, thread: int, logger: str) -> str:
    """What every entry begins with."""
    time_ = moment.isoformat(" ", "milliseconds")
    return f"[{level}] {time_} [ajp-nio-0:0:0:0:0:0:0:1-8009-exec-{thread}] {logger} - "


if __name__ == "__main__":
    main()
