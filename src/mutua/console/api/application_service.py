"""ApplicationService: what this console is, and its certificates (R2–R9, R11–R17)."""

from collections.abc import Mapping

from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from mutua import __version__, chain
from mutua.authority.keys import KeyType
from mutua.authority.request import InvalidAlternativeName, InvalidDistinguishedName, Subject
from mutua.chain.certificate import Certificate
from mutua.chain.decode import MAX_BYTES
from mutua.console.admission import ConsoleDep
from mutua.console.api import short_list
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, ContentDep, Text
from mutua.console.api.collection import PageDep
from mutua.console.api.errors import answer, invalid_value, missing_value
from mutua.console.console import Console

router = APIRouter(
    prefix="/api/ApplicationService", tags=["Application"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES
)

API_VERSION = "4.1.0"
"""The version of the appliance whose API this is: clients upload chains to 3.10 or later only."""

_ACTIONS = "/Actions/ApplicationService"
_KEY_SIZES = {2048: KeyType.RSA_2048, 3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}


class RequestForCertificate(BaseModel):
    """The body of GenerateCSR. `San` is a comma separated list of host names and addresses."""

    DistinguishedName: Text | None = None
    DepartmentName: Text | None = None
    BusinessName: Text | None = None
    Locality: Text | None = None
    State: Text | None = None
    Country: Text | None = None
    Email: Text | None = None
    San: Text | None = None
    KeySize: int = 2048

    def subject(self) -> Subject:
        """Who the certificate is for; what is null or left out is empty."""
        return Subject(
            self.DistinguishedName or "",
            self.DepartmentName or "",
            self.BusinessName or "",
            self.Locality or "",
            self.State or "",
            self.Country or "",
            self.Email or "",
        )


@router.get("/Info")
def info(console: ConsoleDep) -> dict[str, object]:
    """What this console is. Clients read `Version` only."""
    return {
        "@odata.context": "/api/$metadata#ApplicationService.Info",
        "@odata.type": "#ApplicationService.Info",
        "@odata.id": "/api/ApplicationService/Info",
        "Name": console.name,
        "Description": f"Mutua {__version__}",
        "Vendor": "Mutua",
        "ProductType": 1,
        "Branding": "",
        "Version": API_VERSION,
        "BuildNumber": "0",
        "BuildDate": "",
        "Guid": console.guid,
        "Uuids": [],
        "OperationStatus": "Healthy",
    }


@router.post(f"{_ACTIONS}.GenerateCSR")
def generate_csr(body: RequestForCertificate, console: ConsoleDep) -> dict[str, str]:
    """Make a key and a signing request for it. The key stays here."""
    if body.KeySize not in _KEY_SIZES:
        raise invalid_value("KeySize")
    try:
        pem = console.generate_request(body.subject(), body.San or "", _KEY_SIZES[body.KeySize])
    except InvalidDistinguishedName as error:
        raise missing_value(error.property) from error
    except InvalidAlternativeName as error:
        raise invalid_value("San", status=500) from error
    return {"CertificateData": pem}


@router.post(f"{_ACTIONS}.UploadCertificate", response_class=Response, max_body_size=MAX_BYTES)
async def upload_certificate(data: ContentDep, console: ConsoleDep) -> Response:
    """Install a single certificate for this console's own signing request (R3–R6, R9)."""
    return await run_in_threadpool(_upload, console, data, chain.Profile.SERVER)


@router.post(f"{_ACTIONS}.UploadCertChain", response_class=Response, max_body_size=MAX_BYTES)
async def upload_chain(data: ContentDep, console: ConsoleDep) -> Response:
    """Install a chain from the leaf to the root, which becomes a trusted root (R3–R9)."""
    return await run_in_threadpool(_upload, console, data, chain.Profile.MIGRATION)


def _upload(console: Console, data: bytes, profile: chain.Profile) -> Response:
    """The appliance's answer: empty if taken; where something is worth knowing, a body says so (R2)."""
    report = console.upload(data, profile).report
    if report.refusal is not None:
        return answer(report.refusal)
    if report.warnings:
        return JSONResponse({"Warnings": [str(finding.found) for finding in report.warnings]})
    return Response(status_code=200)


@router.post(f"{_ACTIONS}.CheckCertChain", max_body_size=MAX_BYTES)
async def check_chain(data: ContentDep, console: ConsoleDep) -> JSONResponse:
    """What an upload of this chain would find, all of it, without doing it."""
    report = await run_in_threadpool(console.identities.examine, data, chain.Profile.MIGRATION)
    return JSONResponse(report.to_json(str))


@router.get("/Certificate")
def certificate(console: ConsoleDep, page: PageDep) -> dict[str, object]:
    """The certificate in use."""
    leaf = console.identity.leaf
    row = {
        "@odata.type": "#ApplicationService.CertInfo",
        "ValidFrom": f"{leaf.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "ValidTo": f"{leaf.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "IssuedBy": _detail(leaf.issuer, None),
        "IssuedTo": _detail(leaf.subject, leaf),
    }
    return short_list.answer([row], page, {}, "ApplicationService.CertInfo")


def _detail(name: x509.Name, leaf: Certificate | None) -> Mapping[str, object]:
    def value(oid: x509.ObjectIdentifier) -> str:
        found = name.get_attributes_for_oid(oid)
        return str(found[0].value) if found else ""

    return {
        "@odata.type": "#ApplicationService.CertDetail",
        "DistinguishedName": value(NameOID.COMMON_NAME),
        "DepartmentName": value(NameOID.ORGANIZATIONAL_UNIT_NAME),
        "BusinessName": value(NameOID.ORGANIZATION_NAME),
        "Locality": value(NameOID.LOCALITY_NAME),
        "State": value(NameOID.STATE_OR_PROVINCE_NAME),
        "Country": value(NameOID.COUNTRY_NAME),
        "Email": value(NameOID.EMAIL_ADDRESS),
        "KeySize": None,
        "San": ",".join((*leaf.dns_names, *leaf.addresses)) or None if leaf else None,
    }
