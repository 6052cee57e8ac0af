"""The audit log's chain: whatever is done to what was written shows, and writers side by side make one chain."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Executable, delete, insert, select, update

from mutua.logbook import audit
from mutua.logbook.actions import ACTIONS, ADD_ACCOUNT, CUT_AUDIT_LOG, DELETE_ACCOUNT, SIGN_IN
from mutua.logbook.audit import NOTHING, PORTION, START, Deed, Mark, append, entry_of, head_of, latest
from mutua.logbook.audit_check import Checked, verify
from mutua.storage.database import Database
from mutua.storage.tables import audit_entries, audit_head

ENTRIES = 6
number = audit_entries.c.number
numbers = st.integers(1, ENTRIES)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'console.db'}")
    yield database
    database.close()


@contextmanager
def a_log(database: Database, entries: int = ENTRIES) -> Iterator[Connection]:
    """A log that is gone again at the end of the block."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        for count in range(entries):
            append(connection, Deed(ADD_ACCOUNT, "admin", "192.0.2.1", 201 + count % 2, f"user{count}"))
        yield connection
        transaction.rollback()


def test_an_untouched_log_is_intact(database: Database) -> None:
    with a_log(database) as connection:
        checked = verify(connection)
        assert checked == Checked(ENTRIES, 1, checked.last)
        assert checked.last == head_of(connection)
        assert verify(connection, checked.last).problem is None
        assert verify(connection, START).problem is None


def test_a_log_that_was_never_written_is_intact(database: Database) -> None:
    with a_log(database, 0) as connection:
        assert verify(connection) == Checked(0, None, START)


def test_an_entry_is_what_was_done(database: Database) -> None:
    with a_log(database) as connection:
        append(connection, Deed(DELETE_ACCOUNT, "maria", "2001:db8::1", 404, "10079"))
        newest, *_older = latest(connection, 3)
        assert len(_older) == 2
        assert newest[2:] == ("maria", "2001:db8::1", "account.delete", "10079", 404)
        assert newest.number == ENTRIES + 1
        assert len(newest.at) == len("2026-01-02 03:04:05.678")


def test_what_a_terminal_or_a_database_would_stumble_over_is_not_kept(database: Database) -> None:
    with a_log(database, 0) as connection:
        append(connection, Deed(SIGN_IN, "a\x00b\x1b[2Jc\ud800", "x" * 999, subject="\u202e" + "y" * 999))
        (entry,) = latest(connection, 1)
        assert entry.user_name == "a?b?[2Jc?"
        assert (len(entry.address), len(entry.subject), entry.subject[0]) == (64, 255, "?")
        assert verify(connection).problem is None


OTHER_VALUES = {
    "at": "2026-01-01 00:00:00.000",
    "user_name": "somebody",
    "address": "",
    "action": SIGN_IN.name,
    "subject": "another",
    "status": 500,
    "hash": "f" * 64,
}


@given(which=numbers, column=st.sampled_from(sorted(OTHER_VALUES)))
def test_a_change_shows_at_the_entry(database: Database, which: int, column: str) -> None:
    with a_log(database) as connection:
        connection.execute(update(audit_entries).where(number == which).values({column: OTHER_VALUES[column]}))
        assert verify(connection).at == which


@given(first=numbers, count=st.integers(1, ENTRIES))
def test_a_removal_shows_at_the_first_that_is_missing(database: Database, first: int, count: int) -> None:
    with a_log(database) as connection:
        connection.execute(delete(audit_entries).where(number.between(first, first + count - 1)))
        checked = verify(connection)
        assert checked.at == first
        assert checked.entries == first - 1


@given(first=numbers, second=numbers)
def test_a_swap_shows(database: Database, first: int, second: int) -> None:
    if first == second:
        return
    with a_log(database) as connection:
        for source, target in ((first, -1), (second, first), (-1, second)):
            connection.execute(update(audit_entries).where(number == source).values(number=target))
        assert verify(connection).at == min(first, second)


@given(after=numbers)
def test_closing_the_gap_shows(database: Database, after: int) -> None:
    with a_log(database) as connection:
        connection.execute(delete(audit_entries).where(number == after))
        for later in range(after + 1, ENTRIES + 1):
            connection.execute(update(audit_entries).where(number == later).values(number=later - 1))
        assert verify(connection).at == after


def forge(connection: Connection, first: int) -> Mark:
    """Change an entry and write all later ones anew, as they would have to be; the answer is the last of them."""
    rows = connection.execute(select(audit_entries).order_by(number)).all()
    previous = rows[first - 2].hash if first > 1 else NOTHING
    for row in rows[first - 1 :]:
        entry = entry_of(row)._replace(user_name="somebody") if row.number == first else entry_of(row)
        previous = entry.hash_after(previous)
        changed = update(audit_entries).where(number == row.number)
        connection.execute(changed.values(entry._asdict() | {"hash": previous}))
    return Mark(rows[-1].number, previous)


@given(which=numbers)
def test_who_writes_all_later_ones_anew_is_found_by_the_last(database: Database, which: int) -> None:
    with a_log(database) as connection:
        noted = head_of(connection)
        forged = forge(connection, which)
        checked = verify(connection)
        assert checked.at == ENTRIES
        assert "written last" in str(checked.problem)
        connection.execute(update(audit_head).values(hash=forged.hash))
        assert verify(connection).problem is None
        assert verify(connection, noted).at == ENTRIES


@given(kept=st.integers(0, ENTRIES - 1))
def test_who_cuts_the_end_and_says_so_is_found_by_the_note(database: Database, kept: int) -> None:
    with a_log(database) as connection:
        noted = head_of(connection)
        connection.execute(delete(audit_entries).where(number > kept))
        assert verify(connection).at == kept + 1
        last = connection.execute(select(audit_entries.c.hash).where(number == kept)).scalar_one_or_none()
        connection.execute(update(audit_head).values(number=kept, hash=last or NOTHING))
        assert verify(connection).problem is None
        assert verify(connection, noted).at == kept + 1


def test_what_was_written_last_is_missed(database: Database) -> None:
    with a_log(database) as connection:
        connection.execute(delete(audit_head))
        assert verify(connection).at == ENTRIES
    with a_log(database) as connection:
        connection.execute(delete(audit_entries))
        assert str(verify(connection).problem) == f"the entries 1 to {ENTRIES} are missing."


@pytest.mark.parametrize("damage", [delete(audit_head), update(audit_head).values(number=2, hash="lost")])
def test_a_log_that_was_broken_goes_on_and_stays_broken(database: Database, damage: Executable) -> None:
    with a_log(database) as connection:
        connection.execute(damage)
        append(connection, Deed(SIGN_IN, "admin", ""))
        append(connection, Deed(SIGN_IN, "admin", ""))
        assert [entry.number for entry in latest(connection, 2)] == [ENTRIES + 2, ENTRIES + 1]
        assert verify(connection).at == ENTRIES + 1


@pytest.mark.parametrize("added", [-1, 0, ENTRIES + 1, ENTRIES + 5])
def test_an_entry_that_somebody_added_shows(database: Database, added: int) -> None:
    with a_log(database) as connection:
        values = latest(connection, 1)[0]._replace(number=added)._asdict() | {"hash": "0" * 64}
        connection.execute(insert(audit_entries).values(values))
        assert verify(connection).problem is not None


def test_the_oldest_go_and_the_log_says_so(database: Database) -> None:
    with a_log(database, 0) as connection:
        for count in range(PORTION + 10):
            mark = append(connection, Deed(SIGN_IN, "admin", "", subject=str(count)), keep=10)
        kept = latest(connection, 100)
        assert [entry.number for entry in kept] == list(range(PORTION + 10, 0, -1))[:100]
        mark = append(connection, Deed(SIGN_IN, "admin", "", subject="one more"), keep=10)
        kept = latest(connection, 100)
        assert len(kept) == 10
        assert (kept[0].number, kept[0].action) == (mark.number, CUT_AUDIT_LOG.name)
        assert kept[1].subject == "one more"
        checked = verify(connection)
        assert checked == Checked(10, kept[-1].number, mark)
        assert mark == head_of(connection)
        cut = Mark.parse(kept[0].subject)
        assert verify(connection, cut).problem is None
        assert verify(connection, cut._replace(hash="1" * 64)).problem is not None
        assert "not kept any more" in str(verify(connection, Mark(3, "1" * 64)).problem)
        append(connection, Deed(SIGN_IN, "admin", ""), keep=10)
        assert verify(connection).problem is None
        connection.execute(delete(audit_entries).where(number == kept[-1].number))
        assert verify(connection).at == kept[-1].number


def test_a_front_that_was_cut_otherwise_shows(database: Database) -> None:
    with a_log(database) as connection:
        cut = Mark(2, connection.execute(select(audit_entries.c.hash).where(number == 2)).scalar_one())
        connection.execute(delete(audit_entries).where(number <= 2))
        forged = {"action": CUT_AUDIT_LOG.name, "subject": str(cut)}
        connection.execute(update(audit_entries).where(number == ENTRIES).values(forged))
        assert verify(connection).at == ENTRIES
        connection.execute(update(audit_entries).where(number == ENTRIES).values(subject="nonsense"))
        assert verify(connection).at == 1


def test_writers_side_by_side_make_one_chain(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'console.db'}"
    Database.open(url).close()

    def write(name: str) -> None:
        database = Database.join(url)
        for _count in range(20):
            with database.writing() as connection:
                append(connection, Deed(SIGN_IN, name, ""))
        database.close()

    names = [f"writer{count}" for count in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(write, names))
    database = Database.join(url)
    with database.reading() as connection:
        assert verify(connection)[:2] == (80, 1)
        assert verify(connection).problem is None
        assert {entry.user_name for entry in latest(connection, 80)} == set(names)
    database.close()


def test_what_is_undone_is_not_told(database: Database) -> None:
    def undone() -> None:
        with database.writing() as connection:
            append(connection, Deed(SIGN_IN, "admin", ""))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    with database.reading() as connection:
        assert verify(connection) == Checked(0, None, START)


@given(written=st.text() | st.from_regex(r"[0-9]{1,20}:[0-9a-f]{62,66}", fullmatch=True))
def test_a_mark_is_read_back_or_refused(written: str) -> None:
    try:
        mark = Mark.parse(written)
    except ValueError:
        return
    assert Mark.parse(str(mark)) == mark


def test_names_and_identifiers_of_actions_are_each_one() -> None:
    assert len(ACTIONS) > 20
    assert len({action.message_id for action in ACTIONS.values()}) == len(ACTIONS)
    assert all(len(action.name) <= audit_entries.c.action.type.length for action in ACTIONS.values())  # type: ignore[attr-defined]
    assert audit.MAX_ENTRIES > PORTION
