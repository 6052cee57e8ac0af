"""Collections as the appliance pages them: `@odata.count`, `@odata.nextLink`, and the options that ask for a page."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple
from urllib.parse import quote, unquote

from fastapi import Depends, Request

from mutua.console.api.errors import INVALID_URI, ApiError, invalid_option
from mutua.message import message

DEFAULT_PAGE = 50
MAX_PAGE = 9999


class Page(NamedTuple):
    """The part of a collection that was asked for: the path, and the options as they were written."""

    path: str
    skip: int
    top: int
    filter: str = ""
    orderby: str = ""
    skiptoken: str = ""


def _page(request: Request, default_top: int) -> Page:
    """Read the options. Those that change nothing about which rows are meant are ignored. Raises `ApiError`."""
    options = _options(request.scope["query_string"])
    skip = _number(options.get("$skip", []))
    top = _number(options.get("$top", []))
    return Page(
        quote(request.url.path, safe="/()'"),
        skip or 0,
        default_top if top is None else min(top, MAX_PAGE),
        _text(options, "$filter"),
        _text(options, "$orderby"),
        _text(options, "$skiptoken") if skip is not None else "",
    )


def page_of(request: Request) -> Page:
    """Of a list that may be long. Raises `ApiError`."""
    return _page(request, DEFAULT_PAGE)


def large_page_of(request: Request) -> Page:
    """Of a list whose first page is all that some clients read. Raises `ApiError`."""
    return _page(request, MAX_PAGE)


PageDep = Annotated[Page, Depends(page_of)]
LargePageDep = Annotated[Page, Depends(large_page_of)]


def _options(query: bytes) -> dict[str, list[str]]:
    """The options by name, empty ones left out. A plus is a plus: clients write a blank as `%20`."""
    options: dict[str, list[str]] = {}
    try:
        for part in query.decode("ascii").split("&"):
            name, _equals, value = part.partition("=")
            if value:
                options.setdefault(unquote(name, errors="strict"), []).append(unquote(value, errors="strict"))
    except UnicodeDecodeError as error:
        raise ApiError(INVALID_URI) from error
    return options


def _number(values: Sequence[str]) -> int | None:
    """The last one counts: a client adds its own to those of a link."""
    if not values:
        return None
    if not values[-1].isascii() or not values[-1].isdigit() or len(values[-1]) > 9:
        raise ApiError(INVALID_URI)
    return int(values[-1])


def _text(options: dict[str, list[str]], name: str) -> str:
    """The only one, however often it was written: a client adds its own to the same one in a link."""
    values = {value.strip() for value in options.get(name, [])} - {""}
    if len(values) > 1:
        raise invalid_option(name, message("it is given more than once, and not always the same."))
    return values.pop() if values else ""


def collection(kind: str, rows: Sequence[object], total: int, page: Page, skiptoken: str = "") -> dict[str, object]:
    """One page in the appliance's shape.

    The link to the next page is relative and ends in digits: clients strip the characters of `/api/` from
    its ends, and one loops for ever on a count that paging cannot reach.
    """
    body: dict[str, object] = {
        "@odata.context": f"/api/$metadata#Collection({kind})",
        "@odata.count": total,
        "value": rows,
    }
    following = page.skip + len(rows)
    if rows and following < total:
        given = [("$filter", page.filter), ("$orderby", page.orderby), ("$skiptoken", skiptoken)]
        options = [f"{name}={quote(value, safe='')}" for name, value in given if value]
        body["@odata.nextLink"] = f"{page.path}?" + "&".join([*options, f"$skip={following}", f"$top={page.top}"])
    return body
