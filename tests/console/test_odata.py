"""Reading `$filter` and `$orderby`: all that clients write, nothing that they cannot mean, and never for long."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutua.console.api.odata import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_SORTED_BY,
    Both,
    Comparison,
    Condition,
    Either,
    Operator,
    QueryError,
    SortedBy,
    Value,
    read_filter,
    read_order,
)

NAMES = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}(/[A-Z][A-Za-z0-9_]{0,8}){0,2}", fullmatch=True)
VALUES: st.SearchStrategy[Value] = (
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | st.text(max_size=20)
)
COMPARISONS = st.builds(
    Comparison, NAMES, st.sampled_from([operator for operator in Operator if operator is not Operator.CONTAINS]), VALUES
) | st.builds(Comparison, NAMES, st.just(Operator.CONTAINS), st.text(max_size=20))


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(Both, several) | st.builds(Either, several)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(COMPARISONS, _joined, max_leaves=12)


def spelled(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return {None: "null", True: "true", False: "false"}[value] if isinstance(value, bool | None) else str(value)


def written(condition: Condition) -> str:
    """The condition as a client writes it, every part in parentheses."""
    if isinstance(condition, Comparison):
        if condition.operator is Operator.CONTAINS:
            return f"contains({condition.field},{spelled(condition.value)})"
        return f"{condition.field} {condition.operator} {spelled(condition.value)}"
    word = " and " if isinstance(condition, Both) else " or "
    return word.join(f"({written(part)})" for part in condition.parts)


@given(CONDITIONS)
def test_what_is_written_is_read(condition: Condition) -> None:
    assert read_filter(written(condition)) == condition


@given(st.lists(COMPARISONS, min_size=1, max_size=8), st.lists(st.booleans(), min_size=7, max_size=7))
def test_and_binds_more_than_or(parts: list[Comparison], ors: list[bool]) -> None:
    text = written(parts[0])
    groups: list[list[Condition]] = [[parts[0]]]
    for part, is_or in zip(parts[1:], ors, strict=False):
        text += f" {'or' if is_or else 'and'} {written(part)}"
        if is_or:
            groups.append([part])
        else:
            groups[-1].append(part)
    terms = [group[0] if len(group) == 1 else Both(tuple(group)) for group in groups]
    assert read_filter(text) == (terms[0] if len(terms) == 1 else Either(tuple(terms)))


@given(st.text() | st.text(alphabet="aI'() /:,0-19eqndor\t", max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    for read in (read_filter, read_order):
        with suppress(QueryError):
            read(text)


@given(CONDITIONS, st.data())
def test_a_text_that_was_cut_off_is_refused(condition: Condition, data: st.DataObject) -> None:
    text = written(condition)
    cut = text[: data.draw(st.integers(0, len(text) - 1))].rstrip()
    try:
        shorter = read_filter(cut)
    except QueryError:
        return
    assert shorter != condition


CLIENTS = [
    ("Type eq 1000", Comparison("Type", Operator.EQ, 1000)),
    ("DeviceServiceTag eq 'TAG0001'", Comparison("DeviceServiceTag", Operator.EQ, "TAG0001")),
    ("JobType/Id eq 8", Comparison("JobType/Id", Operator.EQ, 8)),
    (
        "LastRunStatus/Id eq 2030 or LastRunStatus/Id eq 2040 or LastRunStatus/Id eq 2050",
        Either(tuple(Comparison("LastRunStatus/Id", Operator.EQ, number) for number in (2030, 2040, 2050))),
    ),
    (
        "TimeStamp ge '2024-05-01 00:00:00.000' and SeverityType eq 16",
        Both(
            (
                Comparison("TimeStamp", Operator.GE, "2024-05-01 00:00:00.000"),
                Comparison("SeverityType", Operator.EQ, 16),
            )
        ),
    ),
    (
        "DeviceManagement/any(d:d/NetworkAddress eq '10.0.0.5')",
        Comparison("DeviceManagement/any/NetworkAddress", Operator.EQ, "10.0.0.5"),
    ),
    ("contains(Name,'web')", Comparison("Name", Operator.CONTAINS, "web")),
    ("contains(Name, 'web')", Comparison("Name", Operator.CONTAINS, "web")),
    ("Name eq 'it''s'", Comparison("Name", Operator.EQ, "it's")),
    ("  Id  eq  -1  ", Comparison("Id", Operator.EQ, -1)),
    ("((Id eq 1))", Comparison("Id", Operator.EQ, 1)),
    (
        "A/any(x:x/B eq 1 or contains(x/C, 'y')) and D eq null",
        Both(
            (
                Either((Comparison("A/any/B", Operator.EQ, 1), Comparison("A/any/C", Operator.CONTAINS, "y"))),
                Comparison("D", Operator.EQ, None),
            )
        ),
    ),
]


@pytest.mark.parametrize(("text", "condition"), CLIENTS)
def test_what_clients_write(text: str, condition: Condition) -> None:
    assert read_filter(text) == condition


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a field at character 1, found the end."),
        ("Id", "expected eq, ne, gt, ge, lt or le at character 3, found the end."),
        ("Id eq", "single quotes at character 6, found the end."),
        ("Id eq x", "single quotes at character 7, found 'x'."),
        ("Id = 1", "'= 1' at character 4 cannot be read."),
        ("Id EQ 1", "expected eq, ne, gt, ge, lt or le at character 4, found 'EQ'."),
        ("Id eq 1 and", "expected a field at character 12, found the end."),
        ("Id eq 1)", "expected and, or, or the end at character 8, found ')'."),
        ("(Id eq 1", "expected ) at character 9, found the end."),
        ("Id eq 1 Id eq 2", "expected and, or, or the end at character 9, found 'Id'."),
        ("not (Id eq 1)", "at character 5, found '('."),
        ("Name eq 'x", '"\'x" at character 9 cannot be read.'),
        ("Id eq 1234567890123456789", "found '1234567890123456789'."),
        ("Id eq 1.5", "'.5' at character 8 cannot be read."),
        ("contains(Name,1)", "expected a text in single quotes at character 15, found '1'."),
        ("contains(Name)", "expected , at character 14, found ')'."),
        ("A/any(d:e/F eq 1)", "expected a field of d at character 9, found 'e/F'."),
        ("A/any(d:d eq 1)", "expected a field of d at character 9, found 'd'."),
        ("A/any(d:d/B/any(e:e/C eq 1))", "no any inside any"),
        ("A/any(d/F eq 1)", "expected a variable"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, problem: str) -> None:
    if problem == "expected a variable":
        problem = "expected : at character"
    with pytest.raises(QueryError) as refused:
        read_filter(text)
    assert problem in str(refused.value.problem)


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        ("(" * MAX_DEPTH + "Id eq 1" + ")" * MAX_DEPTH, "(" * 1000 + "Id eq 1" + ")" * 1000),
        (" or ".join(["Id eq 1"] * MAX_COMPARISONS), " or ".join(["Id eq 1"] * (MAX_COMPARISONS + 1))),
        ("A eq '" + "x" * (MAX_LENGTH - 7) + "'", "A eq '" + "x" * (MAX_LENGTH - 6) + "'"),
    ],
)
def test_what_is_too_much_is_refused(fits: str, too_much: str) -> None:
    assert read_filter(fits)
    with pytest.raises(QueryError, match=r"more than \d+"):
        read_filter(too_much)


def test_the_worst_that_fits_is_read_at_once() -> None:
    started = time.perf_counter()
    for text in ("'" * MAX_LENGTH, "a/" * (MAX_LENGTH // 2), "-" * MAX_LENGTH, "1" * MAX_LENGTH, " " * MAX_LENGTH):
        with pytest.raises(QueryError):
            read_filter(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Id", (SortedBy("Id", descending=False),)),
        (" TimeStamp desc ", (SortedBy("TimeStamp", descending=True),)),
        ("A asc,B/C desc", (SortedBy("A", descending=False), SortedBy("B/C", descending=True))),
    ],
)
def test_what_clients_sort_by(text: str, order: tuple[SortedBy, ...]) -> None:
    assert read_order(text) == order


@pytest.mark.parametrize("text", ["", ",", "Id,", "Id up", "Id desc desc", "'Id'", "1", "Id;desc", "contains(Id,'x')"])
def test_what_cannot_be_sorted_by(text: str) -> None:
    with pytest.raises(QueryError, match=r"expected e\.g\. Id or Id desc|cannot be read"):
        read_order(text)


def test_sorting_is_bounded() -> None:
    assert len(read_order(",".join(["Id"] * MAX_SORTED_BY))) == MAX_SORTED_BY
    with pytest.raises(QueryError, match="at most"):
        read_order(",".join(["Id"] * (MAX_SORTED_BY + 1)))
