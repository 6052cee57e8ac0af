"""Refusals whose entries others wrote into, that were indented on their way, or whose beginning is lost."""

import io
import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutua.chain import appliance
from mutua.logbook.application_log import Operation
from mutua.logbook.reading import MESSAGE_IDS, LogReader, Refusal, squeezed

CHAIN_HEADER = "[ERROR] 2024-01-25 11:10:{second:02}.000 [exec-{second}] SSLController - uploadNewCertificateChain():"
OTHER = "[INFO ] 2024-01-25 11:10:34.735 [main] JobService - moved\n"
AFTER = "[INFO ] 2024-01-25 12:00:00.000 [main] JobService - the end\n"
ANSWERS = (appliance.INVALID_CSR_KEY, appliance.INVALID_CHAIN, appliance.NOT_A_WEB_SERVER)


def read(log: str) -> list[Refusal]:
    return list(LogReader(io.BytesIO(log.encode())))


def began(second: int) -> str:
    return CHAIN_HEADER.format(second=second) + "\n"


def body(answer: appliance.Refusal) -> str:
    return f" Error uploading certificate chain: {json.dumps(answer.body(), separators=(',', ':'))}\n"


def refused(second: int, answer: appliance.Refusal | None) -> Refusal:
    return Refusal(
        datetime(2024, 1, 25, 11, 10, second),  # noqa: DTZ001  (a log has no zone)
        f"exec-{second}",
        Operation.UPLOAD_CHAIN,
        answer.message_id if answer else None,
        answer.arguments if answer else (),
        answer is not None,
    )


def test_entries_of_other_loggers_between_the_lines_of_one() -> None:
    lines = body(ANSWERS[0]).replace(',"', ',\n"').splitlines(keepends=True)
    log = began(1) + OTHER + lines[0] + OTHER + OTHER + "".join(lines[1:]) + AFTER
    assert read(log) == [refused(1, ANSWERS[0])]


def test_a_stack_trace_between_the_lines_of_one_leaves_it_cut_off() -> None:
    lines = body(ANSWERS[0]).replace(',"', ',\n"').splitlines(keepends=True)
    log = began(1) + lines[0] + OTHER + "\tat com.example.Job.run(Job.java:12)\n" + "".join(lines[1:]) + AFTER
    assert read(log) == [refused(1, None)]


def test_two_uploads_written_into_each_other() -> None:
    log = began(1) + began(2) + body(ANSWERS[0]) + body(ANSWERS[1]) + AFTER
    assert read(log) == [refused(1, ANSWERS[0]), refused(2, ANSWERS[1])]


def test_three_uploads_written_into_each_other() -> None:
    log = began(1) + began(2) + OTHER + began(3) + "".join(map(body, ANSWERS))
    assert read(log) == [refused(number, answer) for number, answer in enumerate(ANSWERS, start=1)]


def test_a_body_is_not_given_to_an_entry_that_has_lost_its_own() -> None:
    log = began(1) + began(2) + body(ANSWERS[1]) + AFTER
    assert read(log) == [refused(1, None), refused(2, ANSWERS[1])]


def test_what_belongs_to_a_later_refusal_is_not_taken() -> None:
    log = began(1) + OTHER + began(2) + body(ANSWERS[1]) + AFTER
    assert read(log) == [refused(1, None), refused(2, ANSWERS[1])]


def test_many_entries_without_a_body_are_all_told() -> None:
    log = "".join(began(second) for second in range(50)) + body(ANSWERS[0])
    found = read(log)
    assert [refusal.thread for refusal in found] == [f"exec-{second}" for second in range(50)]
    assert [refusal.complete for refusal in found] == [False] * 49 + [True]


def test_a_cut_entry_followed_by_endless_others_is_given_up() -> None:
    assert read(began(1) + OTHER * 40 + body(ANSWERS[0])) == [refused(1, None)]


@given(st.lists(st.sampled_from([OTHER, AFTER, OTHER + "\tat x.y(Z.java:1)\n"]), max_size=4), st.data())
def test_whole_entries_among_each_other_are_all_read(others: list[str], data: st.DataObject) -> None:
    entries = [began(number) + body(answer) for number, answer in enumerate(ANSWERS)]
    log = "".join(data.draw(st.permutations([*entries, *others])))
    assert sorted(read(log), key=lambda refusal: refusal.thread) == [
        refused(number, answer) for number, answer in enumerate(ANSWERS)
    ]


@pytest.mark.parametrize("indent", ["\n    ", "\r\n\t", " "])
def test_an_error_body_that_was_indented_while_it_was_wrapped(indent: str) -> None:
    text = body(ANSWERS[2])
    for at in ('"error"', "MessageId", "CGEN1008", "MessageArgs", "web server"):
        middle = text.index(at) + 4
        (refusal,) = read(began(1) + text[:middle] + indent + text[middle:] + AFTER)
        assert (refusal.message_id, refusal.complete) == ("CGEN1008", True), at
        assert [squeezed(argument) for argument in refusal.arguments] == [squeezed(ANSWERS[2].arguments[0])]


def test_a_code_that_is_not_known_keeps_its_blanks() -> None:
    other = ANSWERS[0]._replace(message_id="C X 1")
    (refusal,) = read(began(1) + body(other))
    assert refusal.message_id == "C X 1"
    assert "C X 1" not in MESSAGE_IDS


def without_beginning(answer: appliance.Refusal, complete: bool = True) -> Refusal:
    return Refusal(None, "", None, answer.message_id, answer.arguments, complete)


def test_a_log_that_begins_within_an_entry() -> None:
    assert read(body(ANSWERS[0]) + AFTER) == [without_beginning(ANSWERS[0])]
    later = body(ANSWERS[0]).partition('"@Message')[2]
    assert read(later + began(1) + body(ANSWERS[1])) == [
        without_beginning(ANSWERS[0], complete=False),
        refused(1, ANSWERS[1]),
    ]


def test_an_answer_of_the_rest_api_alone() -> None:
    assert read(json.dumps(ANSWERS[1].body(), indent=2)) == [without_beginning(ANSWERS[1])]


@pytest.mark.parametrize("message_id", ["CDEV1", "", "CGEN10080"])
def test_what_stands_before_the_first_entry_counts_only_with_a_code_that_is_known(message_id: str) -> None:
    assert read(body(ANSWERS[0]._replace(message_id=message_id)) + AFTER) == []


def test_every_blank_of_unicode_is_left_out_when_texts_are_compared() -> None:
    blanks = "".join(chr(number) for number in range(0x11000) if chr(number).isspace())
    assert len(blanks) > 20
    assert squeezed(f"a{blanks}b") == "ab"
