"""`mutua rules`: the catalogue, compact and whole, and what happens to an id that is not in it."""

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mutua.chain import CATALOGUE, Profile, Severity
from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, Refusal, Stage
from mutua.chain.pair import PAIR_RULES
from mutua.chain.request import REQUEST_RULES
from mutua.cli.main import mutua
from mutua.cli.rulebook import RULES, AnyRule, answers, closest
from mutua.peering.causes import CONNECTION_RULES

PROGRAM = (sys.executable, "-c", "from mutua.cli.main import main; main()")
MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·", None: "–"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(mutua, ["rules", *arguments])


def clean(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_rulebook_is_all_catalogues() -> None:
    assert list(RULES) == [*CATALOGUE, *PAIR_RULES, *CONNECTION_RULES, *REQUEST_RULES]
    assert len(RULES) == len(CATALOGUE) + len(PAIR_RULES) + len(CONNECTION_RULES) + len(REQUEST_RULES)
    assert all(identifier == rule.id for identifier, rule in RULES.items())


def test_the_list_has_every_rule_with_requirement_severities_and_title() -> None:
    said = clean()
    for rule in RULES.values():
        severities = " ".join(MARKS[rule.severities.get(profile)] for profile in Profile)
        line = next(line for line in said.splitlines() if line.split()[:1] == [rule.id])
        assert words(line).startswith(f"{rule.id} {rule.requirement} {severities} ")
        assert rule.title.startswith(words(line).removeprefix(f"{rule.id} {rule.requirement} {severities} "))
    assert words(said).endswith("→ everything about one of them: mutua rules ID")


def test_the_heading_leads_down_to_the_column_of_each_profile() -> None:
    lines = clean().splitlines()
    row = next(line for line in lines if line.split()[:1] == ["leaf.no-server-auth"])
    columns = {profile: next(line for line in lines if line.endswith(profile)).index(profile) for profile in Profile}
    rule = RULES["leaf.no-server-auth"]
    assert {profile: row[column] for profile, column in columns.items()} == {
        profile: MARKS[rule.severities.get(profile)] for profile in Profile
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_everything_is_told_of_each_rule(rule: AnyRule) -> None:
    said = words(clean(rule.id))
    assert said.startswith(f"{rule.id} {rule.requirement} {words(rule.title)} ")
    for text in (rule.reason, rule.fix, *rule.fixes.values(), rule.source or "—"):
        assert words(text) in said
    for authority in rule.fixes:
        assert authority in said
    for answer in answers(rule):
        assert f"{answer.refusal.message_id} {answer.refusal.message}" in said
        assert all(argument in said for argument in answer.refusal.arguments)
    assert ("The appliance does not refuse it." in said) == (not answers(rule))


def test_the_appliance_answers_each_upload_in_its_own_words() -> None:
    def given(identifier: str) -> dict[str, Refusal]:
        return {answer.when: answer.refusal for answer in answers(RULES[identifier])}

    assert given("leaf.no-key-encipherment") == {
        "chain": CHAIN_UPLOAD[Stage.KEY_ENCIPHERMENT],
        "certificate": CERTIFICATE_UPLOAD[Stage.KEY_ENCIPHERMENT],
    }
    assert given("chain.missing-root") == {"chain": CHAIN_UPLOAD[Stage.CHAIN]}
    assert given("file.private-key-inside") == {}
    assert given("pair.authorities-differ")["connection"].message.startswith("Unable to mutually authenticate")
    assert given("pair.same-leaf") == {}
    assert given("pair.unreachable") == given("pair.authorities-differ")


def test_the_appliance_refuses_nothing_for_a_warning() -> None:
    rule = CATALOGUE["chain.missing-root"]
    assert answers(rule._replace(severities={Profile.MIGRATION: Severity.ERROR}))
    assert not answers(rule._replace(severities={Profile.MIGRATION: Severity.WARNING}))


def test_what_both_uploads_answer_alike_is_told_once() -> None:
    assert clean("file.no-certificate").count("CSEC9002") == 1
    assert clean("leaf.no-key-encipherment").count("The appliance answers") == 2


@pytest.mark.parametrize(
    ("mistaken", "meant"),
    [
        ("leaf.no-cleint-auth", "leaf.no-client-auth"),
        ("no-client-auth", "leaf.no-client-auth"),
        ("LEAF.NO-CLIENT-AUTH", "leaf.no-client-auth"),
        ("chain.missing", "chain.missing-root"),
        ("authorities-differ", "pair.authorities-differ"),
    ],
)
def test_an_unknown_id_is_answered_with_the_closest(mistaken: str, meant: str) -> None:
    result = run(mistaken)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"there is no rule {mistaken}." in result.stderr
    assert meant in result.stderr
    assert meant in closest(mistaken)[:3]


@pytest.mark.parametrize("nonsense", ["", "quite-another-thing", "\x1b[31m" * 200, "x" * 100_000])
def test_an_id_like_none_leads_to_the_list(nonsense: str) -> None:
    result = run(nonsense)
    assert result.exit_code == 2
    assert result.stderr.endswith("→ mutua rules lists all.\n")
    assert result.stderr.replace("\n", "").isprintable()
    assert len(result.stderr) < 1000


def test_json_has_every_rule_whole() -> None:
    answer = json.loads(clean("--format", "json"))
    assert answer["version"] == 1
    assert [rule["id"] for rule in answer["rules"]] == list(RULES)
    for told in answer["rules"]:
        rule = RULES[told["id"]]
        assert told["requirement"] == rule.requirement
        assert told["severities"] == {profile: level.name.lower() for profile, level in rule.severities.items()}
        assert (told["title"], told["reason"], told["fix"]) == (rule.title, rule.reason, rule.fix)
        assert told["fixes"] == dict(rule.fixes)
        assert told["source"] == rule.source
        assert told["appliance"] == {answer.when: answer.refusal.body() for answer in answers(rule)}


def test_json_and_markdown_of_one_rule_hold_that_one_alone() -> None:
    answer: dict[str, Any] = json.loads(clean("leaf.no-client-auth", "--format", "json"))
    assert [rule["id"] for rule in answer["rules"]] == ["leaf.no-client-auth"]
    page = clean("leaf.no-client-auth", "--format", "markdown")
    assert page.count("\n## ") == 1
    assert "## `leaf.no-client-auth`" in page


def test_lines_to_type_stand_as_they_are_in_every_form() -> None:
    typed = "vault patch pki/roles/NAME \\\n  key_usage=DigitalSignature,KeyEncipherment"
    assert f"\n- Vault/OpenBao: in the role:\n  ```\n{indented(typed, 2)}\n  ```\n- EJBCA: " in clean(
        "leaf.no-key-encipherment", "--format", "markdown"
    )
    assert f" Vault/OpenBao  in the role:\n{indented(typed, 18)}\n EJBCA " in clean("leaf.no-key-encipherment")
    (told,) = json.loads(clean("leaf.no-key-encipherment", "--format", "json"))["rules"]
    assert told["fixes"]["Vault/OpenBao"] == f"in the role:\n{typed}"


def indented(text: str, columns: int) -> str:
    return textwrap.indent(text, " " * columns)


def test_a_rule_says_by_which_command_it_is_found() -> None:
    assert words(clean("pair.unreachable")).endswith("do two consoles break it? mutua migrate verify")
    assert words(clean("pair.same-leaf")).endswith("do two chains break it? mutua compare SOURCE TARGET")
    assert words(clean("leaf.no-client-auth")).endswith("does a file break it? mutua check FILE")


def test_a_pipe_gets_80_columns_and_no_colour() -> None:
    everything = [clean(identifier) for identifier in RULES]
    result = subprocess.run([*PROGRAM, "rules"], capture_output=True, text=True, env={"LANG": "C.UTF-8"})
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    for page in (result.stdout, *everything):
        assert max(map(len, page.splitlines())) <= 80


def test_another_format_is_refused() -> None:
    assert run("--format", "pdf").exit_code == 2


def test_help_has_examples() -> None:
    assert "mutua rules leaf.no-client-auth" in clean("--help")
