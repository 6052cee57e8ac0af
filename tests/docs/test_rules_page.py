"""docs/rules.md is the catalogue of today, whole."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mutua.chain.pair import AUTHORITIES_DIFFER
from mutua.cli.main import mutua
from mutua.cli.rulebook import RULES
from mutua.cli.rules_page import page

PAGE = Path(__file__).parents[2] / "docs/rules.md"
HOW = "run: mutua rules --lang en --format markdown > docs/rules.md"
SECTION = re.compile(r"^## `(.+)`$", re.MULTILINE)
LINK = re.compile(r"^\| \[`(.+)`\]\(#\1\) \|", re.MULTILINE)
REMEDY = re.compile(r"^### `(.+)`$", re.MULTILINE)
REMEDY_LINK = re.compile(r"^- By name, for each CA: \[`(.+)`\]\(#\1\)$", re.MULTILINE)
ANCHOR = re.compile(r'^<a id="(.+)"></a>$', re.MULTILINE)


@pytest.fixture(scope="module")
def committed() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_committed_page_is_a_fresh_one(committed: str) -> None:
    result = CliRunner().invoke(mutua, ["rules", "--format", "markdown", "--lang", "en"])
    assert result.exit_code == 0
    assert committed == result.stdout, HOW


@pytest.mark.parametrize("found", [SECTION, LINK, ANCHOR], ids=["section", "link", "anchor"])
def test_every_rule_has_its_section_its_anchor_and_its_link(committed: str, found: re.Pattern[str]) -> None:
    assert found.findall(committed) == list(RULES), HOW


def test_every_remedy_is_told_once_and_linked_from_its_rules(committed: str) -> None:
    named = [rule.remedy for rule in RULES.values() if rule.remedy]
    assert REMEDY_LINK.findall(committed) == named, HOW
    assert REMEDY.findall(committed) == sorted(set(named)), HOW


def test_a_page_without_one_of_the_rules_would_be_noticed(committed: str) -> None:
    fewer = {identifier: rule for identifier, rule in RULES.items() if identifier != "leaf.no-client-auth"}
    fresh = "\n".join(page(fewer)) + "\n"
    assert committed != fresh
    assert SECTION.findall(fresh) == list(fewer) != list(RULES)


def test_a_rule_that_says_something_else_would_be_noticed(committed: str) -> None:
    changed = AUTHORITIES_DIFFER._replace(fix="ask somebody.")
    assert committed != "\n".join(page({**RULES, changed.id: changed})) + "\n"


def test_a_text_cannot_break_the_page() -> None:
    hostile = AUTHORITIES_DIFFER._replace(title="a | b `c` <d> *e* _f_ [g](h)", reason="\\", fix="<!-- x")
    made = "\n".join(page({hostile.id: hostile}))
    assert r"a \| b \`c\` \<d\> \*e\* \_f\_ \[g\](h)" in made
    assert r"Fix: \<!-- x" in made
    heading, _rule, row = (re.findall(r"(?<!\\)\|", line) for line in made.splitlines() if line.startswith("| "))
    assert len(row) == len(heading)
