"""Patterns that wait for their use are the same patterns."""

import re
import subprocess
import sys

import pytest

from mutua.cli import patterns


def test_a_pattern_that_waited_matches_as_if_it_had_not() -> None:
    with patterns.on_demand():
        pattern = re.compile("(a+)b", re.IGNORECASE)
    found = pattern.match("xAAb", pos=1)
    assert found is not None
    assert found[1] == "AA"
    assert pattern.match("xAAb") is None


def test_a_pattern_that_is_none_fails_when_it_is_used() -> None:
    with patterns.on_demand():
        pattern = re.compile("(")
    with pytest.raises(re.error):
        pattern.match("a")


def test_afterwards_patterns_are_compiled_at_once_whatever_happened() -> None:
    with pytest.raises(ZeroDivisionError), patterns.on_demand():
        raise ZeroDivisionError
    assert isinstance(re.compile("a"), re.Pattern)


def test_the_parser_of_names_works_and_waited() -> None:
    program = (
        "import re\n"
        "from mutua.cli.patterns import on_demand\n"
        "with on_demand(): import cryptography.x509.name as module\n"
        "print(isinstance(module._RFC4514NameParser._STRING_RE, re.Pattern))\n"
        "print(module.Name.from_rfc4514_string('CN=Ana ñ\\\\, S.A.,C=ES').rfc4514_string())\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines() == ["False", "CN=Ana ñ\\, S.A.,C=ES"]
