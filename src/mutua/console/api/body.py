"""What holds for the bodies of requests."""

from typing import Annotated

from pydantic import Field

MAX_JSON_BYTES = 64 * 1024
"""Of an action that takes a handful of values."""

Text = Annotated[str, Field(max_length=MAX_JSON_BYTES)]
"""A text that can be stored: the check of its length finds halves of surrogate pairs, which JSON can spell."""
