"""Refusals are counted by log and cause, in bounded memory whatever a log holds."""

import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutua.chain import appliance
from mutua.logbook.application_log import Operation
from mutua.logbook.reading import Refusal
from mutua.logbook.tally import MAX_CAUSES, MAX_LOGS, Tallies, Tally, log_name

NOON = datetime.fromisoformat("2024-01-25 12:00:00")


def refusal(
    minutes: int | None = 0, argument: str | None = "Invalid CSR key.", code: str | None = "CGEN1008"
) -> Refusal:
    time = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Refusal(time, "exec-1", Operation.UPLOAD_CHAIN, code, () if argument is None else (argument,))


def tally(*refusals: Refusal) -> Tally:
    counted = Tally("application.log")
    for one in refusals:
        counted.add(one)
    return counted


def test_each_cause_is_counted_with_its_first_and_last_time() -> None:
    counted = tally(refusal(5), refusal(1), refusal(9), refusal(7, "Other."))
    assert [(cause.arguments, cause.count) for cause in counted.causes] == [
        (("Invalid CSR key.",), 3),
        (("Other.",), 1),
    ]
    assert (counted.causes[0].first, counted.causes[0].last) == (refusal(1).time, refusal(9).time)
    assert (counted.first, counted.last, counted.count) == (refusal(1).time, refusal(9).time, 4)
    assert counted.latest is counted.causes[0]


def test_blanks_make_no_other_cause() -> None:
    assert len(tally(refusal(), refusal(argument="Invalid CSRkey.")).causes) == 1
    assert len(tally(refusal(), refusal(argument="Invalid CSR keys.")).causes) == 2


def test_codes_come_in_the_order_of_their_first_refusal_and_torn_ones_last() -> None:
    torn = refusal(0, None, None)._replace(complete=False)
    counted = tally(torn, refusal(3, None, "CSEC9002"), refusal(1), refusal(2, "Other."), refusal(None, "Undated."))
    assert [code for code, _causes in counted.codes()] == ["CGEN1008", "CSEC9002", None]
    assert [len(causes) for _code, causes in counted.codes()] == [3, 1, 1]
    assert counted.causes[-1].first is None
    assert counted.cut_off == 1


def test_an_entry_that_is_torn_before_its_arguments_is_not_one_without_arguments() -> None:
    torn, whole = refusal(0, None)._replace(complete=False), refusal(1, None)
    counted = tally(torn, whole)
    assert [(cause.readable, cause.count) for cause in counted.causes] == [(False, 1), (True, 1)]


@pytest.mark.parametrize(
    ("code", "argument", "readable"),
    [
        ("CGEN1008", "Invalid CSR key.", True),
        ("CGEN1008", None, False),
        ("CSEC9002", None, True),
        (None, None, False),
    ],
)
def test_what_is_left_of_a_torn_entry_may_be_enough(code: str | None, argument: str | None, readable: bool) -> None:
    (cause,) = tally(refusal(0, argument, code)._replace(complete=False)).causes
    assert cause.readable is readable


def test_no_more_causes_are_kept_than_there_is_room_for() -> None:
    counted = tally(*(refusal(argument=f"{number}") for number in range(MAX_CAUSES + 7)), refusal(argument="3"))
    assert len(counted.causes) == MAX_CAUSES
    assert counted.beyond == 7
    assert counted.count == MAX_CAUSES + 8


def test_long_texts_are_shortened() -> None:
    (cause,) = tally(refusal(argument="x" * 100_000, code="C" * 100_000)).causes
    assert len(cause.message_id or "") + sum(map(len, cause.arguments)) < 1_000


def log(*minutes: int) -> io.BytesIO:
    entries = (
        f"[ERROR] {(NOON + timedelta(minutes=number)).isoformat(' ', 'milliseconds')} [t] SSLController - "
        f"{appliance.INVALID_FILE.body()}\n".replace("'", '"')
        for number in minutes
    )
    return io.BytesIO("".join(entries).encode())


def test_files_put_aside_belong_to_their_log() -> None:
    tallies = Tallies()
    tallies.read("a/application.log", log(5))
    tallies.read("a/application.log.1", log(1, 2))
    tallies.read("b/application.log", log(1))
    tallies.read("a/empty.log", log())
    assert [(tally.name, tally.count, len(tally.files)) for tally in tallies] == [
        ("a/application.log", 3, 2),
        ("b/application.log", 1, 1),
    ]
    assert [tally.only_file for tally in tallies] == [None, "b/application.log"]
    assert (tallies.count, tallies.logs_read) == (4, 3)


def test_no_more_logs_are_kept_than_there_is_room_for() -> None:
    tallies = Tallies()
    for number in range(MAX_LOGS + 3):
        tallies.read(f"{number}/application.log", log(1, 2))
    assert len(list(tallies)) == MAX_LOGS
    assert (tallies.beyond, tallies.count) == (6, 2 * MAX_LOGS + 6)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("application.log", "application.log"),
        ("application.log.1", "application.log"),
        ("application.log.12.gz", "application.log"),
        ("application.log.gz", "application.log"),
        ("application.log.2024-01-25", "application.log"),
        ("application.log.2024-01-25.1.gz", "application.log"),
        ("application-2024-01-25.log", "application.log"),
        ("application-2024-01-25-1.log.gz", "application.log"),
        ("b.zip/tomcat/application.log.3", "b.zip/tomcat/application.log"),
        ("10.0.0.1.log", "10.0.0.1.log"),
        ("application", "application"),
        ("application.txt", "application.txt"),
        (".log", ".log"),
        ("application.logs", "application.logs"),
        ("1" * 70_000 + ".log", "1" * 70_000 + ".log"),
    ],
)
def test_the_log_that_a_file_belongs_to(file: str, name: str) -> None:
    assert log_name(file) == name


@given(st.from_regex(r"[a-z]+(/[a-z]+)?", fullmatch=True), st.integers(0, 999), st.sampled_from(["", ".gz"]))
def test_every_number_belongs_to_the_same_log(name: str, number: int, packed: str) -> None:
    assert log_name(f"{name}.log.{number}{packed}") == log_name(f"{name}.log{packed}") == f"{name}.log"
