"""The JSON Schemas of everything that the command line says as JSON, made of the types in the code.

    python -m tests.docs.schemas

writes them to docs/schemas/ (make schemas).
"""

import ast
import inspect
import json
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mutua.chain.report_json import ReportJson
from mutua.cli.audit import CheckedJson, EntriesJson
from mutua.cli.backup import BackupJson
from mutua.cli.check_json import ManyJson
from mutua.cli.compare_json import ComparisonJson
from mutua.cli.connected_json import ConnectedJson
from mutua.cli.csr_report import CheckedRequestJson
from mutua.cli.doctor import DoctorJson
from mutua.cli.explain_json import CodesJson, LogsJson
from mutua.cli.inspect_json import InspectionJson
from mutua.cli.key_holders import MatchedKeysJson, ShownKeysJson
from mutua.cli.repair_json import RepairJson
from mutua.cli.rulebook import RulesJson

FOLDER = Path(__file__).parents[2] / "docs/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Output(NamedTuple):
    """What a command says, and the type that its JSON has."""

    command: str
    kind: type


SCHEMAS: Mapping[str, Output] = {
    "backup-show": Output("mutua backup show FILE --format json", BackupJson),
    "audit-list": Output("mutua audit list --state FOLDER --format json", EntriesJson),
    "audit-verify": Output("mutua audit verify --state FOLDER --format json", CheckedJson),
    "check": Output("mutua check FILE --format json", ReportJson),
    "check-many": Output("mutua check -r FOLDER --format json", ManyJson),
    "compare": Output("mutua compare SOURCE TARGET --format json", ComparisonJson),
    "connect": Output("mutua connect HOST:PORT --format json", ConnectedJson),
    "csr-check": Output("mutua csr check FILE --format json", CheckedRequestJson),
    "doctor": Output("mutua doctor --state FOLDER --format json", DoctorJson),
    "explain-codes": Output("mutua explain CODE --format json", CodesJson),
    "explain-logs": Output("mutua explain LOG --format json", LogsJson),
    "inspect": Output("mutua inspect FILE --format json", InspectionJson),
    "key-match": Output("mutua key match FILE --format json", MatchedKeysJson),
    "key-show": Output("mutua key show FILE --format json", ShownKeysJson),
    "repair": Output("mutua repair FILE --format json", RepairJson),
    "rules": Output("mutua rules --format json", RulesJson),
}
"""What each file describes."""


def schema(output: Output) -> dict[str, Any]:
    """The schema of a TypedDict and of all in it; the docstrings of its keys are their descriptions."""
    kind = output.kind
    (made,), components = msgspec.json.schema_components([kind])
    assert made == {"$ref": f"#/$defs/{kind.__name__}"}, made
    for part in _parts(kind):
        properties = components[part.__name__]["properties"]
        for key, description in _descriptions(part).items():
            properties[key] = {"description": description, **properties[key]}
        # In the order of the code, which is that of the output.
        components[part.__name__]["properties"] = {key: properties[key] for key in typing.get_type_hints(part)}
    whole = components.pop(kind.__name__) | {"title": output.command}
    return {"$schema": DIALECT, **whole, "$defs": dict(sorted(components.items()))}


def _parts(kind: Any, known: set[type] | None = None) -> Iterator[type]:
    """The TypedDicts in a type, itself included, each once."""
    known = set() if known is None else known
    if typing.is_typeddict(kind) and kind not in known:
        known.add(kind)
        yield kind
        for inner in typing.get_type_hints(kind).values():
            yield from _parts(inner, known)
    for argument in typing.get_args(kind):
        yield from _parts(argument, known)


def _descriptions(kind: type) -> dict[str, str]:
    """The docstring under each key, those of the TypedDicts that it extends included."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for base in definition.bases:
        if isinstance(base, ast.Name) and base.id != "TypedDict":
            found |= _descriptions(getattr(sys.modules[kind.__module__], base.id))
    for key, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(key, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            assert isinstance(key.target, ast.Name)
            found[key.target.id] = inspect.cleandoc(str(below.value.value)).replace("\n", " ")
    return found


def text(output: Output) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(output), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, output in SCHEMAS.items():
        (FOLDER / f"{name}.json").write_text(text(output), encoding="utf-8")
