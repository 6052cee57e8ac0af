"""Every sentence for people has its Spanish, with the same values in it."""

import ast
import io
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from mutua import language
from mutua.language import from_accept_language, plural, translate
from mutua.message import message

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "src/mutua/locale"
KEYWORDS = {"_": None, "N_": None, "message": None, "plural": (1, 2)}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OTHERS = [name for name in language.LANGUAGES if name != "en"]


def source_texts() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(ROOT / "src/mutua", METHODS, keywords=KEYWORDS)
    return {texts for _file, _line, texts, _comments, _context in found}


def catalogue(name: str) -> Catalog:
    return read_po(io.BytesIO((LOCALE / name / "LC_MESSAGES/mutua.po").read_bytes()), locale=name)


def entries(name: str) -> Iterator[Message]:
    return (entry for entry in catalogue(name) if entry.id)


def texts(value: str | Sequence[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def placeholders(text: str) -> set[str]:
    return {field for _text, field, _format, _conversion in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("name", OTHERS)
def test_the_catalogue_holds_exactly_the_texts_of_the_source(name: str) -> None:
    held = {entry.id for entry in entries(name)}
    assert source_texts() - held == set(), "run: make messages, then translate"
    assert held - source_texts() == set(), "run: make messages"


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_is_translated_with_the_same_values(name: str) -> None:
    for entry in entries(name):
        originals, translations = texts(entry.id), texts(entry.string)
        assert translations, f"not translated: {originals[0]}"
        assert all(translations), f"not translated: {originals[0]}"
        assert not entry.fuzzy, f"only guessed: {originals[0]}"
        for translation in translations:
            assert placeholders(translation) == placeholders(originals[-1]), originals[0]


@pytest.mark.parametrize("name", OTHERS)
def test_the_compiled_catalogue_is_the_present_one(name: str) -> None:
    with (LOCALE / name / "LC_MESSAGES/mutua.mo").open("rb") as file:
        compiled = {tuple(texts(entry.id)): texts(entry.string) for entry in read_mo(file) if entry.id}
    present = {tuple(texts(entry.id)): texts(entry.string) for entry in entries(name)}
    assert compiled == present, "run: make setup"


@pytest.fixture
def spanish() -> Iterator[None]:
    language.use("es")
    yield
    language.use("en")


def test_a_message_is_said_in_the_language_of_the_context(spanish: None) -> None:
    assert translate(message("no client authentication")) == "sin autenticación de cliente"
    language.use("en")
    assert translate(message("no client authentication")) == "no client authentication"


def test_a_message_inside_a_message_is_translated_too(spanish: None) -> None:
    inner = message("its END line does not fit its BEGIN line")
    said = translate(message("Line {line}: {reason}.", line=7, reason=inner))
    assert said.startswith("Línea 7: ")
    assert str(inner) not in said


def test_an_empty_text_stays_empty_and_is_not_the_header_of_the_catalogue(spanish: None) -> None:
    assert translate(message("")) == ""


def test_plurals_follow_the_language(spanish: None) -> None:
    assert plural("{count} error.", "{count} errors.", 1) == "1 error."
    assert plural("{count} error.", "{count} errors.", 2) == "2 errores."


def test_a_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="no catalogue"):
        language.use("xx")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("fr, es;q=0.5, en;q=0.1", "es"),
        ("es;q=0, en", "en"),
        ("es;q=abc", "en"),
        ("", "en"),
        ("*", "en"),
        ("de", "en"),
    ],
)
def test_the_browser_is_answered_in_the_language_it_prefers(header: str, expected: str) -> None:
    assert from_accept_language(header) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "es_MX.UTF-8"}, "es"),
        ({"LC_ALL": "C", "LANG": "es_ES.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_shell_is_answered_in_its_language(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language.from_environment() == expected


def test_no_text_hides_inside_an_f_string_where_extraction_does_not_see_it() -> None:
    hidden = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in (ROOT / "src/mutua").rglob("*.py")
        for string_ in ast.walk(ast.parse(file.read_text()))
        if isinstance(string_, ast.JoinedStr)
        for call in ast.walk(string_)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []
