"""Coverage-guided fuzzing of decode → check (see docs/bounds.md):

    python tests/fuzz/check.py [CORPUS] -max_total_time=60

`make fuzz` installs what it needs. Options are those of libFuzzer; what makes it fail is written to crash-* files.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Fuzz, from a corpus if one is given, and from one sound example of each form."""
    sys.path[0] = str(ROOT)
    with atheris.instrument_imports(include=["mutua"]):
        from tests.fuzz import target

    def mutated(data: bytes, size: int, seed: int) -> bytes:
        """By the fuzzer, or at every other time with the structure kept."""
        changed = target.changed(data, seed) if seed % 2 else atheris.Mutate(data, size)
        return bytes(changed[:size])

    with tempfile.TemporaryDirectory() as folder:
        for name, data in target.seeds().items():
            Path(folder, name).write_bytes(data)
        given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
        if not any(Path(name).is_file() for name in given):  # Files are run once each, and nothing else is.
            for corpus in given:
                Path(corpus).mkdir(exist_ok=True)
            given.append(folder)
        usual = ["-max_len=65536", "-timeout=20", "-rss_limit_mb=2048"]
        warnings.simplefilter("error")  # A warning of a library on somebody's terminal is a fault too.
        atheris.Setup([sys.argv[0], *usual, *options, *given], target.answer, custom_mutator=mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
