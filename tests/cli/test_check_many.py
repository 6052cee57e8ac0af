"""`mutua check -r`: every file on its own, in order, on all cores, and told so that a person can read it."""

import json
import multiprocessing
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from tests.chain.pki import AT, intermediate, leaf, pem, root, sound
from tests.cli.program import PROGRAM, environment, run, sentence

from mutua.authority.issue import SERVER_AUTH
from mutua.authority.keys import to_pem
from mutua.chain import Profile
from mutua.chain.decode import MAX_BYTES
from mutua.cli import many, tree
from mutua.cli.exits import Exit
from mutua.cli.judged import Judged, Unread
from mutua.cli.main import mutua
from mutua.cli.many import Question, judge, judge_all
from mutua.cli.speaking import speak
from mutua.cli.tree import Listed, Listing

THEN = ("--at", AT.isoformat())
WRONG = pem(leaf(intermediate(), extended_key_usage=[SERVER_AUTH]), intermediate(), root())
INCOMPLETE = pem(leaf(intermediate()))
ASKED = Question(Profile.MIGRATION, AT)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    speak("en")


@pytest.fixture
def certs() -> Path:
    """Two sound chains, three bad ones, and three files that hold nothing like a certificate."""
    from tests.chain.pki import key

    contents: dict[str, bytes] = {
        "b.pem": sound(),
        "a.pem": WRONG,
        "inner/z.pem": sound(),
        "inner/c.crt": INCOMPLETE,
        "inner/deep/d.pem": WRONG,
        "notes.txt": b"nothing\n",
        "empty": b"",
        "inner/leaf.key": to_pem(key("leaf"), None),
    }
    for name, data in contents.items():
        path = Path("certs", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Path("certs")


def check(*arguments: str | Path, code: int | None = None) -> Result:
    result = CliRunner().invoke(mutua, ["check", *THEN, "--lang", "en", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert code is None or result.exit_code == code, result.output
    return result


def answer(*arguments: str | Path, code: int) -> Any:
    return json.loads(check("-r", *arguments, "--format", "json", code=code).stdout)


def files(value: Any) -> list[str]:
    return [file["file"] for file in value["files"]]


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_file_is_judged_on_its_own_and_told_by_what_is_wrong(certs: Path) -> None:
    assert check("-r", certs, code=Exit.FINDINGS).stdout == (
        "certs   5 files with certificates                              profile migration\n"
        "\n"
        " ✗ no client authentication                              leaf.no-client-auth  R5\n"
        "   In mutual TLS this side is also the client, and the other one refuses a\n"
        "   client whose certificate is not made for that.\n"
        "   → request a certificate whose extended key usage lists client authentication\n"
        "     too; a private CA can issue it (mutua ca), public ones no longer do.\n"
        "   in 2 files:\n"
        "     certs/a.pem              Extended key usage lists serverAuth only.\n"
        "     certs/inner/deep/d.pem   Extended key usage lists serverAuth only.\n"
        "\n"
        " ✗ an intermediate is missing                     chain.missing-intermediate  R7\n"
        "   The chain must hold every certificate from the leaf up to the self-signed\n"
        "   root.\n"
        "   → append the missing CA certificate, then the ones above it up to the root;\n"
        "     the CA publishes them.\n"
        "   in 1 file:\n"
        "     certs/inner/c.crt   The chain stops at om.example.net. Inter-CA1, which si…\n"
        "\n"
        " 3 files with errors, 2 files without findings.\n"
        " 3 more files hold nothing like a certificate.\n"
        " → the whole report on one of them: mutua check certs/a.pem\n"
    )


def test_all_in_order_is_two_lines() -> None:
    Path("one.pem").write_bytes(sound())
    Path("two.pem").write_bytes(sound())
    assert check("-r", ".", code=Exit.CLEAN).stdout == (
        ".   2 files with certificates                                  profile migration\n"
        "\n"
        " ✓ 2 files without findings.\n"
    )


def test_several_files_are_one_without_r_and_several_with_it(certs: Path) -> None:
    names = (certs / "a.pem", certs / "b.pem")
    assert json.loads(check(*names, "--format", "json").stdout)["input"]["certificates"] == 6
    assert files(answer(*names, code=Exit.FINDINGS)) == ["certs/a.pem", "certs/b.pem"]


def test_the_order_is_that_of_the_names_given_and_within_a_folder_that_of_the_file_names(certs: Path) -> None:
    told = answer(certs / "inner", certs / "b.pem", certs, certs / "inner", code=Exit.FINDINGS)
    inner = ["certs/inner/c.crt", "certs/inner/deep/d.pem", "certs/inner/z.pem"]
    assert files(told) == [*inner, "certs/b.pem", "certs/a.pem", "certs/b.pem", *inner]
    assert (told["others"], told["links"], told["unread"]) == (4, 0, [])


def test_the_report_on_each_is_the_one_that_it_gets_alone(certs: Path) -> None:
    told = answer(certs, code=Exit.FINDINGS)
    assert (told["with_errors"], told["with_warnings"]) == (3, 0)
    for file in told["files"]:
        alone = json.loads(check(file["file"], "--format", "json").stdout)
        assert file["report"] == alone


def test_the_json_has_each_file_on_a_line_of_its_own(certs: Path) -> None:
    lines = check("-r", certs, "--format", "json").stdout.splitlines()
    assert len(lines) == 5 + 2
    assert [json.loads(line.rstrip(","))["file"] for line in lines[1:-1]] == files(json.loads("\n".join(lines)))


@pytest.mark.parametrize(
    ("content", "code"),
    [(sound(), Exit.CLEAN), (WRONG, Exit.FINDINGS), (root().pem[:300], Exit.UNREADABLE), (b"", Exit.UNREADABLE)],
)
def test_the_exit_code_is_as_for_one(content: bytes, code: Exit) -> None:
    Path("file").write_bytes(content)
    for form in ("text", "json", "sarif", "junit"):
        check("file", "--format", form, code=code)
        check("-r", "file", "--format", form, code=code)
        check("-r", ".", "--format", form, code=code)
    assert check("-r", ".", "--quiet", code=code).output == ""


def test_a_warning_counts_where_it_was_asked_to() -> None:
    from tests.chain.pki import key

    Path("key.pem").write_bytes(sound() + to_pem(key("leaf"), None))
    told = check("-r", ".", code=Exit.CLEAN).stdout
    assert "! a private key is in the file" in told
    assert "✓ 1 file with warnings only." in told
    check("-r", ".", "--fail-on", "warning", code=Exit.FINDINGS)


def test_what_the_other_side_trusts_and_the_names_hold_for_each() -> None:
    listed = leaf(intermediate(), names=[x509.DNSName("om.example.net")])
    Path("one.pem").write_bytes(pem(listed, intermediate()))
    Path("two.pem").write_bytes(pem(leaf(intermediate(), names=[x509.DNSName("other.example.net")]), intermediate()))
    Path("roots").write_bytes(root().pem)
    Path("damaged").write_bytes(root().pem + root().pem[:200])
    asked = ("one.pem", "two.pem", "--profile", "mtls", "--name", "om.example.net")
    told = answer(*asked, "--trust", "roots", code=Exit.FINDINGS)
    found = [{finding["rule"] for finding in file["report"]["findings"]} for file in told["files"]]
    assert found == [set(), {"leaf.name-not-covered"}]
    told = answer(*asked, "--trust", "damaged", code=Exit.FINDINGS)
    assert all("trust.unreadable" in json.dumps(file) for file in told["files"])


def test_what_belongs_to_one_certificate_is_not_for_many() -> None:
    Path("chain.pem").write_bytes(sound())
    for arguments in (["--csr", "chain.pem"], ["--key", "chain.pem"], ["-"]):
        ended = run("check", "-r", "chain.pem", *arguments)
        assert ended.code == Exit.USAGE
        assert sentence(ended)


def test_a_folder_without_r_is_told_of_it() -> None:
    ended = run("check", ".")
    assert (ended.code, sentence(ended)) == (Exit.UNREADABLE, ". cannot be read: Is a directory.")
    assert "→ mutua check -r . judges each file in it." in ended.err


def test_links_are_counted_and_not_followed(certs: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.pem").write_bytes(WRONG)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/wrong.pem").write_bytes(WRONG)
    before = files(answer(certs, code=Exit.FINDINGS))
    for name, goal in {"file": "outside.pem", "folder": "outside", "circle": "work/certs", "broken": "x"}.items():
        (certs / name).symlink_to(tmp_path / goal)
    told = answer(certs, code=Exit.FINDINGS)
    assert (files(told), told["links"]) == (before, 4)
    assert "4 symbolic links were not followed." in check("-r", certs).stdout
    named = answer(certs / "file", certs / "folder", code=Exit.FINDINGS)
    assert files(named) == ["certs/file", "certs/folder/wrong.pem"]


def test_what_cannot_be_read_is_told_and_the_rest_is_judged(certs: Path) -> None:
    large = certs / "large.pem"
    large.write_bytes(root().pem)
    os.truncate(large, MAX_BYTES + 1)
    (certs / "image").write_bytes(b"\x89PNG")
    os.truncate(certs / "image", MAX_BYTES + 1)
    told = answer("nowhere.pem", certs, code=Exit.FINDINGS)
    assert told["unread"] == [
        {"name": "nowhere.pem", "reason": "it cannot be read: No such file or directory"},
        {"name": "certs/large.pem", "reason": "it is larger than 16 MiB"},
    ]
    assert len(told["files"]) == 5
    text = words(check("-r", "nowhere.pem", certs, code=Exit.FINDINGS).stdout)
    assert "✗ not read, 2 files and folders: nowhere.pem it cannot be read: No such file or directory" in text
    check("-r", "nowhere.pem", certs / "b.pem", code=Exit.UNREADABLE)


def test_a_pipe_or_a_file_swapped_for_a_link_is_not_read(certs: Path) -> None:
    os.mkfifo(certs / "pipe")
    assert len(answer(certs, code=Exit.FINDINGS)["files"]) == 5
    assert judge(Listed("certs/pipe", named=False), ASKED) is None
    assert isinstance(judge(Listed("certs/pipe", named=True), ASKED), Unread)
    Path("link").symlink_to("certs/b.pem")
    assert isinstance(judge(Listed("link", named=False), ASKED), Unread)
    assert isinstance(judge(Listed("link", named=True), ASKED), Judged)


def test_a_file_named_is_judged_though_it_holds_nothing(certs: Path) -> None:
    told = answer(certs / "notes.txt", certs / "b.pem", code=Exit.UNREADABLE)
    assert files(told) == ["certs/notes.txt", "certs/b.pem"]
    assert told["files"][0]["report"]["findings"][0]["rule"] == "file.no-certificate"


def test_depth_and_count_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = Path(*["d"] * (tree.MAX_DEPTH + 1))
    deep.mkdir(parents=True)
    (deep / "wrong.pem").write_bytes(WRONG)
    (deep.parent / "fine.pem").write_bytes(sound())
    listing = Listing(["d"])
    assert [file.name for file in listing.files] == [str(deep.parent / "fine.pem")]
    assert [unread.name for unread in listing.unread] == [str(deep)]
    check("-r", "d", code=Exit.UNREADABLE)
    monkeypatch.setattr(tree, "MAX_FILES", 3)
    Path("many").mkdir()
    for number in range(5):
        Path("many", f"{number}.pem").write_bytes(sound())
    listing = Listing(["many"])
    assert [file.name for file in listing.files] == ["many/0.pem", "many/1.pem", "many/2.pem"]
    assert [str(unread.reason) for unread in listing.unread] == ["only the first 3 files were looked at"]


def test_hundreds_of_files_with_the_same_fault_are_one_finding() -> None:
    for number in range(300):
        Path(f"{number:03}.pem").write_bytes(WRONG)
    told = check("-r", ".", code=Exit.FINDINGS).stdout
    assert told.count("no client authentication") == 1
    assert "in 300 files:" in told
    assert "… and 290 more; --format json names all" in told
    assert len(told.splitlines()) < 25


def test_the_text_fits_80_columns_and_steers_no_terminal() -> None:
    for name in ("\x1b[31mred\u202e.pem", "x" * 200 + ".pem", "new\nline.pem", "plain.pem"):
        Path(name).write_bytes(WRONG)
    Path(os.fsdecode(b"not utf-8 \xff.pem")).write_bytes(INCOMPLETE)
    for spoken in ("en", "es"):
        told = check("-r", ".", "nowhere", "--lang", spoken, code=Exit.FINDINGS).stdout
        assert all(character.isprintable() for character in told.replace("\n", ""))
        assert all(len(line) <= 80 or "x" * 100 in line for line in told.splitlines())
    names = files(answer(".", code=Exit.FINDINGS))
    assert "./\x1b[31mred\u202e.pem" in names
    assert b"./not utf-8 \xff.pem" in map(os.fsencode, names)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_other_processes_give_the_same_answers_in_the_same_order(certs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    for number in range(40):
        (certs / f"more{number:02}.pem").write_bytes((sound(), WRONG, INCOMPLETE, b"x")[number % 4])
    listed = Listing([str(certs), "nowhere"]).files
    speak("es")
    for asked in (ASKED, ASKED._replace(whole=True, places=True)):
        alone = [judge(file, asked) for file in listed]
        monkeypatch.setattr(many, "WORTH_S", -1)
        work = judge_all(listed, asked, patience_s=0)
        together = [next(work), next(work)]
        assert multiprocessing.active_children()
        together.extend(work)
        assert together == alone
        assert not multiprocessing.active_children()
    assert "sin autenticación de cliente" in str(together)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_whoever_stops_asking_leaves_no_process_behind(certs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "WORTH_S", -1)
    work = judge_all(Listing([str(certs)]).files * 50, ASKED, patience_s=0)
    assert [next(work) for _number in range(3)]
    del work
    assert not multiprocessing.active_children()


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@contextmanager
def sharing_out() -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A check of many files, at the moment at which it starts other processes; and these."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    Path("one.pem").write_bytes(sound())
    Path("many").mkdir()
    for number in range(20_000):
        os.link("one.pem", f"many/{number}")
    command = [*PROGRAM, "check", *THEN, "-r", "many"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), start_new_session=True, text=True
    ) as process:
        while not (children := _children(process.pid)):
            time.sleep(0.01)
        yield process, children


def test_ctrl_c_ends_all_of_it() -> None:
    with sharing_out() as (process, children):
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (1, "", "Aborted!")
    assert not [child for child in children if Path("/proc", child).exists()]


def test_no_process_outlives_the_first_one() -> None:
    with sharing_out() as (process, children):
        process.kill()
        process.communicate(timeout=60)  # Until the last of them has closed its end of the pipes.
    assert process.returncode == -signal.SIGKILL
    assert children


def test_little_work_is_not_shared_out(certs: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    work = judge_all(Listing([str(certs)]).files, ASKED)
    for _result in work:
        assert not multiprocessing.active_children()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime == before


_HASTY = """
import sys
from mutua.cli import main, progress
progress.UNSEEN_S = progress._REDRAWN_S = float(sys.argv.pop(1))
main.main()
"""


def on_a_terminal(unseen_s: float, *more: str) -> tuple[str, str]:
    """Standard output, and what stands on the terminal that is standard error."""
    leader, follower = pty.openpty()
    try:
        command = [sys.executable, "-c", _HASTY, str(unseen_s), "check", *THEN, "-r", "certs", *more]
        variables = environment(TERM="xterm")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, env=variables, check=False, text=True)
        os.write(follower, b"end")
        return done.stdout, os.read(leader, 65536).decode()
    finally:
        os.close(leader)
        os.close(follower)


def test_a_bar_shows_on_a_terminal_what_takes_long(certs: Path) -> None:
    expected = check("-r", certs).stdout
    told, seen = on_a_terminal(0)
    assert told == expected
    assert "Checking files" in seen
    assert "/8" in seen
    assert on_a_terminal(60) == (expected, "end")
    assert on_a_terminal(0, "--quiet") == ("", "end")
    ended = run("check", *THEN, "-r", "certs")
    assert (ended.out, ended.err) == (expected, "")


def test_one_file_loads_nothing_of_this() -> None:
    Path("chain.pem").write_bytes(sound())
    script = "import sys; from mutua.cli.main import mutua; mutua(sys.argv[1:], standalone_mode=False)"
    modules = "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n'))\n"
    command = [sys.executable, "-c", modules + script, "check", *THEN, "chain.pem"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    loaded = set(done.stdout.splitlines())
    assert "mutua.cli.chain_text" in loaded
    new = {"mutua.cli.check_many", "mutua.cli.judged", "mutua.chain.report_json", "json", "rich", "multiprocessing"}
    assert not loaded & (new | {"concurrent", "xml", "msgspec", "pydantic"})
