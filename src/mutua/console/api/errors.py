"""The API's errors: one shape, whatever went wrong (the appliance's, so that clients recognise it)."""

from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mutua.chain import Refusal
from mutua.console.accounts import TooManyFailuresError
from mutua.message import Message, message

_UNABLE = "Unable to process the request because an error occurred."
_RETRY = "Retry the operation. If the issue persists, contact your system administrator."
_ENTER_VALID = "Enter a valid value for the property and retry the operation."

NOT_AUTHENTICATED = Refusal(
    "CGEN1001",
    "Unable to complete the operation because the user is not authenticated.",
    "Log in with valid credentials and retry the operation.",
    status=401,
)
PASSWORD_CHANGE_NEEDED = Refusal(
    "CGEN1008",
    _UNABLE,
    "Change the password with AccountService.ChangePassword, on the page /password, or with mutua user passwd.",
    ("The password must be changed before anything else.",),
    status=403,
)
NOT_PERMITTED = Refusal(
    "CGEN1008",
    _UNABLE,
    "Log in as a user whose role allows it, or have an administrator change the role.",
    ("The role of the user does not allow this operation.",),
    status=403,
)
INVALID_URI = Refusal(
    "CGEN1002",
    "Unable to complete the operation because the requested URI is invalid.",
    "Enter a valid URI and retry the operation.",
)
NOT_FOUND = Refusal(
    "CGEN1006",
    "Unable to complete the request because the resource URI does not exist or is not implemented.",
    "Check the request resource URI.",
    status=404,
)
WRONG_METHOD = NOT_FOUND._replace(status=405, resolution="Check the request method.")
TOO_LARGE = Refusal("CGEN1008", _UNABLE, "Send a smaller request.", ("The request body is too large.",), status=413)
INTERNAL = Refusal("CGEN1008", _UNABLE, _RETRY, status=500)

NOT_HTTP = Refusal("CGEN1008", _UNABLE, _RETRY, ("The request is not HTTP.",))

_BY_STATUS = {401: NOT_AUTHENTICATED, 404: NOT_FOUND, 405: WRONG_METHOD, 413: TOO_LARGE}


class ApiError(Exception):
    """Answer with a refusal of the appliance."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def invalid_value(property_name: str, status: int = 400) -> ApiError:
    """A property has a value that cannot be."""
    return ApiError(
        Refusal(
            "CGEN1004",
            f"Unable to process the request because an invalid value is entered for the property {property_name} .",
            _ENTER_VALID,
            (property_name,),
            status,
            (property_name,),
        )
    )


def refused_value(property_name: str, problem: Message) -> ApiError:
    """A property has a value that this console does not take; the arguments say why."""
    refusal = invalid_value(property_name).refusal
    return ApiError(refusal._replace(arguments=(property_name, str(problem))))


def invalid_option(option: str, problem: Message) -> ApiError:
    """A query option such as `$filter` cannot be read; the arguments say where and why."""
    return ApiError(INVALID_URI._replace(arguments=(option, str(problem)), properties=(option,)))


def missing_value(property_name: str) -> ApiError:
    """A property is missing or has a value that cannot be (R11)."""
    return ApiError(
        Refusal(
            "CGEN6002",
            f"Unable to complete the request because the input value for {property_name} is missing or an invalid "
            "value is entered.",
            "Enter a valid value and retry the operation.",
            (property_name,),
        )
    )


def wrong_type(what: str) -> ApiError:
    """The body is not JSON, or a value in it has another type than was expected."""
    return ApiError(
        Refusal(
            "CGEN1014",
            f"Unable to complete the operation because an invalid value is entered for the property {what} .",
            _ENTER_VALID,
            (what,),
        )
    )


def unable(problems: Sequence[Message], status: int = 400, resolution: str = _RETRY) -> ApiError:
    """Something that only we can refuse; the arguments say all of it."""
    return ApiError(Refusal("CGEN1008", _UNABLE, resolution, tuple(map(str, problems)), status))


def refusal_of(status: int) -> Refusal:
    """What to say where nothing but the HTTP status is known."""
    return _BY_STATUS.get(status, INTERNAL._replace(status=status))


def answer(
    refusal: Refusal, extra: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The refusal as a response."""
    return JSONResponse(refusal.body() | dict(extra or {}), status_code=refusal.status, headers=headers)


UNREADABLE_BODY = wrong_type("Invalid json body").refusal


async def on_api_error(_request: Request, error: Exception) -> JSONResponse:
    """For `ApiError`."""
    if not isinstance(error, ApiError):
        raise error
    return answer(error.refusal)


async def on_not_signed_in(_request: Request, _error: Exception) -> JSONResponse:
    """For `NotSignedInError`."""
    return answer(NOT_AUTHENTICATED)


async def on_password_change_needed(_request: Request, _error: Exception) -> JSONResponse:
    """For `PasswordChangeNeededError`."""
    return answer(PASSWORD_CHANGE_NEEDED)


async def on_not_permitted(_request: Request, _error: Exception) -> JSONResponse:
    """For `NotPermittedError`."""
    return answer(NOT_PERMITTED)


async def on_too_many_failures(_request: Request, error: Exception) -> JSONResponse:
    """For `TooManyFailuresError`: 401 as for any other refusal, and how long to wait (RFC 9110, section 10.2.3)."""
    if not isinstance(error, TooManyFailuresError):
        raise error
    wait = str(error.wait_s)
    said = str(message("Too many sign-ins have failed; the next one is looked at in {seconds} s.", seconds=wait))
    return answer(NOT_AUTHENTICATED._replace(arguments=(said,)), headers={"Retry-After": wait})


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """For what the framework refuses by itself: an unknown path, a wrong method, a body that is too long."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 400:
        return answer(UNREADABLE_BODY)
    return answer(refusal_of(error.status_code), headers=error.headers)


async def on_validation_error(_request: Request, error: Exception) -> JSONResponse:
    """For bodies and parameters of the wrong form: the first culprit is named, and never shown."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    kind = str(first["type"])
    names = [part for part in first["loc"] if isinstance(part, str) and part not in ("body", "query", "path")]
    if kind == "json_invalid" or not names:
        return answer(UNREADABLE_BODY)
    if kind == "missing":
        return answer(missing_value(names[-1]).refusal)
    if kind.endswith("_type"):
        return answer(wrong_type(names[-1]).refusal)
    return answer(invalid_value(names[-1]).refusal)
