"""Where `mutua repair` looks for CA certificates, and how far."""

from pathlib import Path

import pytest
from tests.chain.pki import authority, der, intermediate, leaf, root, sound

from mutua.cli import candidates, tree
from mutua.cli.candidates import search

OTHER = authority("Other-CA")


def origins(*names: Path) -> dict[str, str]:
    return {one.certificate.issued_to: Path(one.origin).name for one in search(list(map(str, names))).candidates}


def test_authorities_are_found_each_once_and_no_leaf(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(sound())
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "b.bin").write_bytes(der(root()) + der(OTHER))
    (tmp_path / "leaf.cer").write_bytes(der(leaf(intermediate())))
    assert origins(tmp_path) == {"Inter-CA1": "a.pem", "Root-CA": "a.pem", "Other-CA": "b.bin"}
    assert origins(tmp_path / "a.pem", tmp_path / "a.pem") == {"Inter-CA1": "a.pem", "Root-CA": "a.pem"}
    assert all(one.certificate.position == 0 for one in search([str(tmp_path)]).candidates)


def test_a_large_folder_keeps_nobody_from_looking_into_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MAX_FILES", 2)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    for number in range(5):
        (first / f"{number}.txt").write_text("nothing")
    (second / "root.pem").write_bytes(root().pem)
    found = search([str(first), str(second)])
    assert [one.certificate.issued_to for one in found.candidates] == ["Root-CA"]
    assert (found.files, [one.name for one in found.unread]) == (3, [str(first)])


@pytest.mark.parametrize("limit", ["MAX_TOTAL_BYTES", "MAX_CANDIDATES"])
def test_the_search_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(candidates, limit, 1)
    (tmp_path / "1.pem").write_bytes(intermediate().pem + root().pem)
    (tmp_path / "2.pem").write_bytes(OTHER.pem)
    found = search([str(tmp_path)])
    assert [one.certificate.issued_to for one in found.candidates] == ["Inter-CA1", "Root-CA"]
    assert [(Path(one.name).name, str(one.reason)) for one in found.unread] == [
        ("1.pem", "the search ends here: there is too much to look through")
    ]


def test_names_of_files_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.pem").write_bytes(root().pem)
    assert origins(tmp_path) == {"Root-CA": "a�[31m.pem"}
