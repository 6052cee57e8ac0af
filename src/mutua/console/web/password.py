"""Changing one's own password: of one's own accord, or before anything else."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mutua.console.accounts import TooManyFailuresError
from mutua.console.admission import CallerDep, ConsoleDep, address_of
from mutua.console.passwords import MAX_PASSWORD, MIN_PASSWORD
from mutua.console.users import AccountRefusedError, User
from mutua.console.web import visitor
from mutua.console.web.forms import FormDep
from mutua.console.web.rendering import local_path, page, redirect
from mutua.console.web.sign_in import too_many_failures
from mutua.message import Message, message

router = APIRouter(route_class=visitor.PageRoute)

_FIELDS = {"CurrentPassword": "current", "NewPassword": "new"}
"""What the fields of the form are called, by what the API calls them."""
_DIFFERENT = message("The two new passwords are not the same.")


@router.get(visitor.PASSWORD)
def show(request: Request, caller: CallerDep, next: str = "/") -> Response:  # noqa: A002  (the name in the URL)
    """The form."""
    return _form(request, caller.user, next)


@router.post(visitor.PASSWORD)
def change(request: Request, console: ConsoleDep, caller: CallerDep, form: FormDep) -> Response:
    """Change the password and go where the visitor wanted to; or say what is wrong, beside the field."""
    following, new = form.text("next"), form.text("new")
    if new != form.text("again"):
        return _form(request, caller.user, following, 400, "again", _DIFFERENT)
    try:
        console.change_own_password(caller.user, form.text("current"), new, address_of(request), caller.session)
    except TooManyFailuresError as error:
        return _form(request, caller.user, following, 401, "current", too_many_failures(error))
    except AccountRefusedError as error:
        return _form(request, caller.user, following, 400, _FIELDS[error.field or "NewPassword"], error.problem)
    return redirect(local_path(following), "password-changed")


def _form(
    request: Request, user: User, following: str, status: int = 200, wrong: str = "", problem: Message | None = None
) -> Response:
    return page(
        request,
        "password.html",
        status=status,
        here=visitor.PASSWORD,
        path=visitor.PASSWORD,
        user=user,
        following=local_path(following),
        wrong=wrong,
        problem=problem,
        limits=(MIN_PASSWORD, MAX_PASSWORD),
    )
