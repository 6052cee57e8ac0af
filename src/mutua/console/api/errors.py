"""The API's errors: one shape, whatever went wrong (the appliance's, so that clients recognise it)."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mutua.chain import Refusal
from mutua.message import Message

_RETRY = "Retry the operation. If the issue persists, contact your system administrator."

NOT_AUTHENTICATED = Refusal(
    "CGEN1001",
    "Unable to complete the request because the user is not authenticated.",
    "Enter valid credentials and retry the operation.",
    status=401,
)
MALFORMED = Refusal("CGEN1002", "Unable to process the request because it is malformed.", _RETRY, status=400)
NOT_FOUND = Refusal(
    "CGEN1006",
    "Unable to complete the request because the resource URI does not exist or is not implemented.",
    "Check the request resource URI.",
    status=404,
)
TOO_LARGE = Refusal(
    "CGEN1008",
    "Unable to process the request because an error occurred.",
    "Send a smaller request.",
    ("The request body is too large.",),
    status=413,
)
INTERNAL = Refusal("CGEN1008", "Unable to process the request because an error occurred.", _RETRY, status=500)


class ApiError(Exception):
    """Answer with a refusal of the appliance."""

    def __init__(self, refusal: Refusal, extra: dict[str, object] | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.extra = extra or {}


def invalid_value(property_name: str, status: int = 400) -> ApiError:
    """A property has a value that cannot be."""
    return ApiError(
        Refusal(
            "CGEN1004",
            f"Unable to process the request because an invalid value is entered for the property {property_name} .",
            "Enter a valid value for the property and retry the operation.",
            (property_name,),
            status,
            (property_name,),
        )
    )


def missing_value(property_name: str) -> ApiError:
    """A property is missing or has a value that cannot be (R11)."""
    return ApiError(
        Refusal(
            "CGEN6002",
            f"Unable to complete the request because the input value for {property_name} is missing or an invalid "
            "value is entered.",
            "Enter a valid value and retry the operation.",
            (property_name,),
            properties=(property_name,),
        )
    )


def unable(problems: Sequence[Message], status: int = 400, resolution: str = _RETRY) -> ApiError:
    """Something that only we can refuse; the arguments say all of it."""
    return ApiError(
        Refusal(
            "CGEN1008",
            "Unable to process the request because an error occurred.",
            resolution,
            tuple(str(problem) for problem in problems),
            status,
        )
    )


def answer(refusal: Refusal, extra: dict[str, object] | None = None) -> JSONResponse:
    """The refusal as a response."""
    return JSONResponse(refusal.body() | (extra or {}), status_code=refusal.status)


async def on_api_error(_request: Request, error: Exception) -> JSONResponse:
    """For `ApiError`."""
    if not isinstance(error, ApiError):
        raise error
    return answer(error.refusal, error.extra)


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """For what the framework refuses by itself: unknown path, wrong method."""
    if not isinstance(error, HTTPException):
        raise error
    known = {404: NOT_FOUND, 405: NOT_FOUND, 413: TOO_LARGE}
    return answer(known.get(error.status_code, MALFORMED._replace(status=error.status_code)))


async def on_internal_error(_request: Request, _error: Exception) -> JSONResponse:
    """For a fault of ours: the shape that clients can read; the trace goes to the process's own log."""
    return answer(INTERNAL)


async def on_validation_error(_request: Request, error: Exception) -> JSONResponse:
    """For bodies and parameters of the wrong form: the first culprit is named."""
    if not isinstance(error, RequestValidationError):
        raise error
    places = [part for part in error.errors()[0]["loc"] if isinstance(part, str) and part not in ("body", "query")]
    return answer(missing_value(places[-1]).refusal if places else MALFORMED)
