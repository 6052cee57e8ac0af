"""docs/schemas/ is made of the types of today, and what the commands say is as it is described there."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import click
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding
from jsonschema import Draft202012Validator, ValidationError
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, intermediate, key, leaf, pem, root, sound
from tests.docs.schemas import FOLDER, SCHEMAS, Output, schema, text
from tests.logbook.article import INVALID_CHAIN, INVALID_CSR_KEY
from tests.peering.certified import Authority
from tests.peering.servers import HOST, tls_server

from mutua.authority.issue import SERVER_AUTH
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.cli.main import mutua
from mutua.logbook import audit
from mutua.logbook.actions import SIGN_IN
from mutua.peering.contexts import peer_listener
from mutua.storage.database import Database

HOW = "run: make schemas"
HOW_NEW = "give its JSON a type in tests/docs/schemas.py, name it in DESCRIBED_BY and docs/schemas/README.md"
DESCRIBED_BY = {
    "backup show": {"backup-show"},
    "audit list": {"audit-list"},
    "audit verify": {"audit-verify"},
    "check": {"check", "check-many"},
    "compare": {"compare"},
    "inspect": {"inspect"},
    "connect": {"connect"},
    "csr check": {"csr-check"},
    "csr show": {"inspect"},
    "doctor": {"doctor"},
    "key match": {"key-match"},
    "key show": {"key-show"},
    "repair": {"repair"},
    "rules": {"rules"},
    "explain": {"explain-codes", "explain-logs"},
}
ANSWERED_BY_A_CONSOLE = {"devices list", "user list"}
"""What these print is the body of a REST call."""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    request = build_request(key("leaf"), Subject("om.example.net"))
    for name, data in {
        "chain.pem": sound(),
        "wrong.pem": pem(leaf(intermediate(), extended_key_usage=[SERVER_AUTH]), intermediate(), root()),
        "other.pem": pem(leaf(root()), root()),
        "short.pem": leaf(intermediate()).pem,
        "request.csr": request.public_bytes(Encoding.PEM),
        "key.pem": to_pem(key("leaf"), None),
        "locked.pem": to_pem(key("leaf"), b"secret"),
        "application.log": (INVALID_CSR_KEY + INVALID_CHAIN).encode(),
        "damaged.pem": sound() + root().pem[:200],
        "empty": b"",
    }.items():
        Path(name).write_bytes(data)


def said(*arguments: str) -> Any:
    """What a command says as JSON."""
    result = CliRunner().invoke(mutua, [*arguments, "--format", "json", "--lang", "en"])
    assert result.exit_code in (0, 1, 3), result.output
    return json.loads(result.stdout)


def closed(described: Any) -> Any:
    """The schema without the room that it leaves for keys to come."""
    if isinstance(described, list):
        return [closed(part) for part in described]
    if not isinstance(described, dict):
        return described
    inner = {name: closed(part) for name, part in described.items()}
    return inner | {"additionalProperties": False} if "properties" in described else inner


@cache
def validator(name: str) -> Draft202012Validator:
    """Of the committed schema; a key that is not described is wrong too."""
    described = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(described)
    return Draft202012Validator(closed(described))


def complain(name: str, value: Any) -> str | None:
    """What is wrong with a value, if anything."""
    error: ValidationError | None = next(validator(name).iter_errors(value), None)
    return None if error is None else f"{error.json_path}: {error.message}"


def test_the_folder_holds_one_schema_for_each_output() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SCHEMAS), HOW


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_a_fresh_one(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text(SCHEMAS[name]), HOW


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described_and_the_form_has_a_version(name: str) -> None:
    described = schema(SCHEMAS[name])
    assert described["properties"]["version"]["enum"] == [1]
    for part in (described, *described["$defs"].values()):
        for key_, value in part.get("properties", {}).items():
            assert value.get("description"), (part["title"], key_)


class _Inner(TypedDict):
    old: int


class _Outer(TypedDict):
    """What is told."""

    inner: _Inner
    """A part."""


def test_a_change_of_a_type_would_be_noticed() -> None:
    before = schema(Output("x", _Outer))
    assert before["properties"] == {"inner": {"description": "A part.", "$ref": "#/$defs/_Inner"}}
    assert before["$defs"]["_Inner"]["properties"] == {"old": {"type": "integer"}}
    assert before["title"] == "x"


def commands_with_json(command: click.Command, name: str = "") -> Iterator[str]:
    """The names of the commands that have a JSON form."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from commands_with_json(found, f"{name} {inner}".strip())
    elif any(isinstance(one.type, click.Choice) and "json" in one.type.choices for one in command.params):
        yield name


def test_every_json_of_ours_has_a_schema() -> None:
    assert set(commands_with_json(mutua)) - ANSWERED_BY_A_CONSOLE == set(DESCRIBED_BY), HOW_NEW
    assert set().union(*DESCRIBED_BY.values()) == set(SCHEMAS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("chain.pem",),
        ("wrong.pem", "--csr", "request.csr"),
        ("damaged.pem",),
        ("empty",),
        ("key.pem",),
        ("short.pem", "--trust", "chain.pem", "--name", "om.example.net"),
    ],
)
def test_check(arguments: tuple[str, ...]) -> None:
    for profile in ("migration", "webpki"):
        report = said("check", "--at", AT.isoformat(), "--profile", profile, *arguments)
        assert complain("check", report) is None


def test_every_finding_is_as_described() -> None:
    for rule, example in EXAMPLES.items():
        case = example.bad()
        Path("bad").write_bytes(case.data)
        report = case.check().to_json(str)
        assert any(finding["rule"] == rule for finding in report["findings"])
        assert complain("check", json.loads(json.dumps(report))) is None


def test_check_of_many() -> None:
    answer = said("check", "-r", ".", "nowhere", "--at", AT.isoformat())
    assert complain("check-many", answer) is None
    assert {file["file"] for file in answer["files"]} >= {"./chain.pem", "./wrong.pem"}


def test_the_others() -> None:
    everything = [path.name for path in Path().iterdir() if path.name != "application.log"]
    for name, answer in {
        "compare": said("compare", "chain.pem", "other.pem"),
        "inspect": said("inspect", *everything),
        "csr-check": said("csr", "check", "request.csr", "--cert", "wrong.pem"),
        "key-match": said("key", "match", "key.pem", "locked.pem", "request.csr", "chain.pem"),
        "key-show": said("key", "show", "key.pem", "locked.pem"),
        "rules": said("rules"),
        "doctor": said("doctor", "--state", "nowhere"),
        "explain-codes": said("explain", "CGEN1008"),
        "explain-logs": said("explain", "application.log"),
    }.items():
        assert complain(name, answer) is None, name
    assert complain("inspect", said("csr", "show", "request.csr")) is None
    assert complain("compare", said("compare", "chain.pem", "short.pem")) is None
    assert complain("compare", said("compare", "chain.pem", "chain.pem")) is None


def test_repair() -> None:
    Path("heap.pem").write_bytes(pem(root(), leaf(intermediate()), root()))
    Path("ca").mkdir()
    Path("ca/ca.pem").write_bytes(intermediate().pem)
    Path("ca/broken.pem").write_bytes(root().pem[:200])
    answer = said("repair", "heap.pem", "--from", "ca", "--dry-run", "--at", AT.isoformat())
    assert {step["action"] for step in answer["steps"]} >= {"remove", "add", "order"}
    assert complain("repair", answer) is None


def test_audit() -> None:
    Path("state").mkdir()
    database = Database.open("sqlite:///state/console.db")
    with database.writing() as connection:
        audit.append(connection, audit.Deed(SIGN_IN, "admin", "192.0.2.1"))
    database.close()
    answer = said("audit", "list", "--state", "state")
    assert len(answer["entries"]) == 1
    assert complain("audit-list", answer) is None
    for noted, intact in ((), True), (("--noted", f"1:{'0' * 64}"), False):
        answer = said("audit", "verify", "--state", "state", *noted)
        assert answer["intact"] is intact
        assert complain("audit-verify", answer) is None


def test_connect() -> None:
    authority, other = Authority.create("Inter-CA1", "Root-CA"), Authority.create("Inter-CA2", "Other-Root")
    client = other.leaf("client.example.net")
    assert client.key is not None
    Path("own.pem").write_bytes(pem(client, *other.path))
    Path("own.key").write_bytes(to_pem(client.key, None))
    with tls_server(peer_listener(authority.presented(authority.leaf("a.example.net")), authority.root_pem)) as port:
        answer = said("connect", f"{HOST}:{port}", "--cert", "own.pem", "--key", "own.key")
    assert answer["server"]["request"]["schemes"]
    assert answer["client"]["alert"]
    assert answer["client"]["causes"]
    assert complain("connect", answer) is None


def test_what_is_not_as_described_is_noticed() -> None:
    report = said("check", "wrong.pem")
    (finding,) = (one for one in report["findings"] if one["rule"] == "leaf.no-client-auth")
    for change in ({"certificate": "1"}, {"severity": "fatal"}, {"new": 1}):
        assert complain("check", report | {"findings": [finding | change]}) is not None
    assert complain("check", {name: value for name, value in report.items() if name != "at"}) is not None
    assert complain("check", report | {"version": 2}) is not None
