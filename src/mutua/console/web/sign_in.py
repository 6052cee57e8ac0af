"""Signing in and out."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mutua.console.accounts import SessionKind, TooManyFailuresError
from mutua.console.admission import Caller, ConsoleDep, address_of
from mutua.console.web import visitor
from mutua.console.web.forms import FormDep
from mutua.console.web.rendering import local_path, page, redirect
from mutua.message import Message, message

router = APIRouter(route_class=visitor.PageRoute)


_REFUSED = message("The user name or the password is not right. Check both and try again.")


@router.get(visitor.LOGIN)
def show(request: Request, console: ConsoleDep, next: str = "/") -> Response:  # noqa: A002  (the name in the URL)
    """The form, unless it is not needed."""
    if visitor.session_of(request, console) is not None:
        return redirect(local_path(next))
    return _form(request, next)


@router.post(visitor.LOGIN)
def sign_in(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Open a session. A refusal does not say which of the two was wrong."""
    try:
        user = console.accounts.authenticate(form.text("user"), form.text("password"), address_of(request))
    except TooManyFailuresError as error:
        return _form(request, form.text("next"), form.text("user"), too_many_failures(error))
    if user is None:
        return _form(request, form.text("next"), form.text("user"), _REFUSED)
    _session, token = console.accounts.sign_in(user, SessionKind.WEB, address_of(request))
    response = redirect(local_path(form.text("next")))
    visitor.keep(response, console, token)
    return response


@router.post("/logout")
def sign_out(request: Request, console: ConsoleDep) -> Response:
    """End the session, if there is one."""
    session = visitor.session_of(request, console)
    if session is not None:
        console.accounts.sign_out(session.id)
        request.state.caller = Caller(session.user, session)
    response = redirect(visitor.LOGIN, "signed-out")
    visitor.forget(response, console)
    return response


def too_many_failures(error: TooManyFailuresError) -> Message:
    """What to say to somebody who has to wait, whether their password is right or not."""
    minutes, seconds = divmod(error.wait_s, 60)
    return message(
        "Too many sign-ins have failed. Wait {minutes} min {seconds} s, then try again.",
        minutes=minutes,
        seconds=seconds,
    )


def _form(request: Request, following: str, user: str = "", refused: Message | None = None) -> Response:
    return page(
        request,
        "login.html",
        status=401 if refused else 200,
        here=visitor.LOGIN,
        following=local_path(following),
        user=user,
        refused=refused,
    )
