"""What holds for the bodies of requests."""

import json
from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field

from mutua.console.api.errors import UNREADABLE_BODY, ApiError

MAX_JSON_BYTES = 64 * 1024
"""Of an action that takes a handful of values."""

Text = Annotated[str, Field(max_length=MAX_JSON_BYTES)]
"""A text that can be stored: the check of its length finds halves of surrogate pairs, which JSON can spell."""


async def _content(request: Request) -> bytes:
    return await request.body()


ContentDep = Annotated[bytes, Depends(_content)]
"""The body as it came, for handlers that read it beside the event loop: a large one takes its time."""


def read_json(content: bytes) -> object:
    """The value in a body. Raises `ApiError`."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ApiError(UNREADABLE_BODY) from error
    return value
