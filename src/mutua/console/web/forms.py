"""Forms as browsers send them, bounded before a byte of them is read."""

from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from mutua.chain.certificate import printable
from mutua.chain.decode import MAX_BYTES

_MAX_FORM_BYTES = 64 * 1024
_MAX_UPLOAD_BYTES = MAX_BYTES + _MAX_FORM_BYTES
_MAX_FIELDS = 20


class Form:
    """The fields of a form."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str) -> str:
        """What was entered; empty where the field is missing."""
        value = self._data.get(name)
        return value if isinstance(value, str) else ""


class Upload(NamedTuple):
    """A file from a form. No name and no content mean that none was chosen."""

    name: str
    content: bytes


async def _form(request: Request) -> Form:
    _check_length(request, _MAX_FORM_BYTES)
    return Form(await request.form(max_files=0, max_fields=_MAX_FIELDS, max_part_size=_MAX_FORM_BYTES))


async def _upload(request: Request) -> Upload:
    """The field named `file`."""
    _check_length(request, _MAX_UPLOAD_BYTES)
    async with request.form(max_files=1, max_fields=_MAX_FIELDS) as data:
        file = data.get("file")
        if not isinstance(file, UploadFile):
            return Upload("", b"")
        return Upload(printable(file.filename or ""), await file.read())


FormDep = Annotated[Form, Depends(_form)]
UploadDep = Annotated[Upload, Depends(_upload)]


def _check_length(request: Request, limit: int) -> None:
    """Browsers announce the length of a form (RFC 9110, section 8.6); the server holds them to it."""
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal():
        raise HTTPException(411)
    if int(announced) > limit:
        raise HTTPException(413)
