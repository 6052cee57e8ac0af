"""Application Settings → Security → Certificates (R10): see, request, upload."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mutua import chain
from mutua.authority.keys import KeyType
from mutua.authority.request import InvalidAlternativeName, InvalidDistinguishedName, Subject
from mutua.chain.decode import MAX_BYTES
from mutua.console.admission import ConsoleDep
from mutua.console.api.errors import invalid_value, missing_value
from mutua.console.console import Console
from mutua.console.web import words
from mutua.console.web.forms import Form, FormDep, Upload, UploadDep
from mutua.console.web.rendering import page, redirect
from mutua.console.web.visitor import PageRoute
from mutua.message import Message, message

PATH = "/settings/security/certificates"

router = APIRouter(prefix=PATH, route_class=PageRoute)

_KEY_SIZES = {"2048": KeyType.RSA_2048, "3072": KeyType.RSA_3072, "4096": KeyType.RSA_4096}
_SUBJECT = ("DistinguishedName", "DepartmentName", "BusinessName", "Locality", "State", "Country", "Email")
"""The fields of the form in the order of `Subject`, called as in the REST call, whose errors name them so (R11)."""

_FIELDS = (*_SUBJECT, "San", "KeySize")

_MIB = 1024 * 1024


class _Outcome(NamedTuple):
    """What came of an upload, or of checking a file: the report, or why there is none."""

    profile: chain.Profile
    file: str
    installed: bool = False
    checked: bool = False
    report: chain.Report | None = None
    problem: Message | None = None


class _Unusable(NamedTuple):
    """A form without a file that could be looked at."""

    status: int
    outcome: _Outcome


class _Refused(NamedTuple):
    """Why no signing request was made: the appliance's error, the field, and what is wrong with it."""

    refusal: chain.Refusal
    field: str
    problem: Message


class _LatestRequest(NamedTuple):
    """The newest signing request, for people."""

    pem: str
    common_name: str
    names: tuple[str, ...]


@router.get("")
def show(request: Request, console: ConsoleDep) -> Response:
    """The current certificate, and forms for a new one."""
    return _page(request, console)


@router.post("/request")
def generate_request(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Make a key and a signing request for it, or say what is wrong with the names (R11)."""
    refused = _generate(console, form)
    if refused is None:
        return redirect(PATH + "#request", "request-generated")
    entered = {field: form.text(field) for field in _FIELDS}
    return _page(request, console, status=refused.refusal.status, entered=entered, refused=refused)


@router.get("/request.csr")
def download_request(console: ConsoleDep) -> Response:
    """The newest signing request, as a file."""
    latest = _latest_request(console)
    if latest is None:
        raise HTTPException(404)
    name = re.sub("[^A-Za-z0-9.-]", "_", latest.common_name).strip(".") or "console"
    return Response(
        latest.pem, media_type="text/plain", headers={"Content-Disposition": f'attachment; filename="{name}.csr"'}
    )


@router.post("/chain")
def upload_chain(request: Request, console: ConsoleDep, upload: UploadDep) -> Response:
    """Install a chain, or show why not (R3–R9)."""
    return _install(request, console, upload, chain.Profile.MIGRATION)


@router.post("/certificate")
def upload_certificate(request: Request, console: ConsoleDep, upload: UploadDep) -> Response:
    """Install a single certificate, or show why not (R3–R6, R9)."""
    return _install(request, console, upload, chain.Profile.SERVER)


@router.post("/check-chain")
def check_chain(request: Request, console: ConsoleDep, upload: UploadDep) -> Response:
    """What an upload would find, without doing it."""
    return _check(request, console, upload, chain.Profile.MIGRATION)


@router.post("/check-certificate")
def check_certificate(request: Request, console: ConsoleDep, upload: UploadDep) -> Response:
    """What an upload would find, without doing it."""
    return _check(request, console, upload, chain.Profile.SERVER)


def _generate(console: Console, form: Form) -> _Refused | None:
    key_type = _KEY_SIZES.get(form.text("KeySize"))
    if key_type is None:
        return _Refused(invalid_value("KeySize").refusal, "KeySize", message("choose one of the sizes in the list."))
    try:
        console.generate_request(Subject(*map(form.text, _SUBJECT)), form.text("San"), key_type)
    except InvalidDistinguishedName as error:
        return _Refused(missing_value(error.property).refusal, error.property, error.problem)
    except InvalidAlternativeName as error:
        return _Refused(invalid_value("San", status=500).refusal, "San", error.problem)
    return None


def _install(request: Request, console: Console, upload: Upload, profile: chain.Profile) -> Response:
    """Answered with a page and not with a redirection: that might open the first connection with the new
    certificate, and a browser that does not trust it would show a warning in place of what happened.
    """
    if unusable := _unusable(upload, profile):
        return _page(request, console, status=unusable.status, outcome=unusable.outcome)
    answer = console.upload(upload.content, profile)
    outcome = _Outcome(profile, upload.name, installed=answer.refusal is None, report=answer.report)
    return _page(request, console, status=answer.refusal.status if answer.refusal else 200, outcome=outcome)


def _check(request: Request, console: Console, upload: Upload, profile: chain.Profile) -> Response:
    if unusable := _unusable(upload, profile):
        return _page(request, console, status=unusable.status, outcome=unusable.outcome)
    report = console.identities.examine(upload.content, profile)
    return _page(request, console, outcome=_Outcome(profile, upload.name, checked=True, report=report))


def _unusable(upload: Upload, profile: chain.Profile) -> _Unusable | None:
    if not upload.name and not upload.content:
        return _Unusable(400, _Outcome(profile, "", problem=message("No file was chosen.")))
    if len(upload.content) > MAX_BYTES:
        problem = message(
            "The file has {size} MiB; at most {limit} MiB are read. A certificate chain has a few KiB: check that "
            "you chose the right file.",
            size=-(-len(upload.content) // _MIB),
            limit=MAX_BYTES // _MIB,
        )
        return _Unusable(413, _Outcome(profile, upload.name, problem=problem))
    return None


def _page(
    request: Request,
    console: Console,
    *,
    status: int = 200,
    outcome: _Outcome | None = None,
    entered: dict[str, str] | None = None,
    refused: _Refused | None = None,
) -> Response:
    now = datetime.now(UTC)
    identity = console.identity
    return page(
        request,
        "certificates.html",
        status=status,
        here=PATH,
        path=PATH,
        identity=identity,
        kind=words.KINDS[identity.kind],
        presented=[(certificate, words.validity(certificate, now)) for certificate in identity.certificates],
        roots=[(root, words.validity(root, now)) for root in console.identities.trusted_roots()],
        latest=_latest_request(console),
        outcome=outcome,
        entered=entered
        or dict.fromkeys(_FIELDS, "") | {"DistinguishedName": console.addresses.host, "KeySize": "2048"},
        refused=refused,
        key_sizes=tuple(_KEY_SIZES),
    )


def _latest_request(console: Console) -> _LatestRequest | None:
    pem = console.identities.latest_request()
    if pem is None:
        return None
    request = x509.load_pem_x509_csr(pem.encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return _LatestRequest(
        pem,
        str(request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
        tuple(str(name.value) for name in names),
    )
