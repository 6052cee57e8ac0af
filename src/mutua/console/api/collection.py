"""Collections as the appliance pages them: `$top`, `$skip`, `@odata.count`, `@odata.nextLink`."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from mutua.console.api.errors import INVALID_URI, ApiError

DEFAULT_PAGE = 50
MAX_PAGE = 9999


class Page(NamedTuple):
    """The part of a collection that was asked for."""

    path: str
    skip: int
    top: int


def page_of(request: Request) -> Page:
    """Read `$skip` and `$top`; the last one counts where a client repeats them. Raises `ApiError`.

    Options that change nothing about which rows are meant are ignored. One that does is refused: rows that
    were not asked for could be acted upon.
    """
    query = request.query_params
    if any(query.getlist("$filter")) or any(query.getlist("$orderby")):
        raise ApiError(INVALID_URI)
    return Page(
        request.url.path,
        _number(query.getlist("$skip"), 0),
        min(_number(query.getlist("$top"), DEFAULT_PAGE), MAX_PAGE),
    )


PageDep = Annotated[Page, Depends(page_of)]


def _number(values: Sequence[str], default: int) -> int:
    if not values or not values[-1]:
        return default
    if not values[-1].isascii() or not values[-1].isdigit() or len(values[-1]) > 9:
        raise ApiError(INVALID_URI)
    return int(values[-1])


def collection(kind: str, rows: Sequence[object], total: int, page: Page) -> dict[str, object]:
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
        body["@odata.nextLink"] = f"{page.path}?$skip={following}&$top={page.top}"
    return body
