"""The one place that writes into the audit log what is done by requests, to the API and to the pages alike."""

import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutua.console.admission import Caller, address_of
from mutua.console.console import Console
from mutua.logbook import audit
from mutua.logbook.actions import Action
from mutua.logbook.audit import Deed

_trace = logging.getLogger("mutua.console")


class Auditing:
    """Writes down each request to an audited route by a known caller, with how it ended, before it is answered.

    What was done stands by then; that it could not be written down is told in the application log.
    """

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and see how it ends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})

        async def noting(part: Message) -> None:
            if part["type"] == "http.response.start" and (deed := _deed(scope, part["status"])):
                await run_in_threadpool(self._write, deed)
            await send(part)

        await self._app(scope, receive, noting)

    def _write(self, deed: Deed) -> None:
        try:
            with self._console.database.writing() as connection:
                audit.append(connection, deed)
        except SQLAlchemyError as error:
            _trace.error("the audit log could not be written", exc_info=error)
            self._console.log.error(f"The audit log could not be written: {deed.action.name} by {deed.user_name}")


def _deed(scope: Scope, status: int) -> Deed | None:
    """What admission has learned of the request; None for what the log does not tell of."""
    state = scope["state"]
    action: Action | None = state.get("action")
    caller: Caller | None = state.get("caller")
    if action is None or caller is None:
        return None
    return Deed(action, caller.user.name, address_of(Request(scope)), status, state.get("subject", ""))
