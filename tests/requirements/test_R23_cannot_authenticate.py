"""R23: where the connection cannot be verified, the answer has the appliance's two sentences, to the letter."""

from tests.requirements.administrator import Administrator, Authorities, Consoles, leaf

MESSAGE = "Unable to mutually authenticate and connect to the remote appliance."
RESOLUTION = (
    "Please check the source and target appliances has valid certificate chain uploaded which are signed by "
    "the same CA."
)


def _info(body: dict[str, object]) -> dict[str, object]:
    """The extended information of an error body, which has nothing beside the verification."""
    assert list(body) == ["error", "Verification"]
    error = body["error"]
    assert isinstance(error, dict)
    assert list(error) == ["code", "message", "@Message.ExtendedInfo"]
    (info,) = error["@Message.ExtendedInfo"]
    assert list(info) == ["MessageId", "RelatedProperties", "Message", "MessageArgs", "Severity", "Resolution"]
    return dict(info)


def test_R23_other_authorities(pair: tuple[Administrator, Administrator], authorities: Authorities) -> None:
    source, target = pair
    signed = leaf(target.request(), authorities.inter2)
    assert target.upload_chain(signed, authorities.inter2, authorities.root).status_code == 200
    answer = source.verify(target.running)
    assert answer.status_code == 400
    info = _info(answer.json())
    assert (info["Message"], info["Resolution"]) == (MESSAGE, RESOLUTION)
    assert answer.json()["Verification"]["Passed"] is False


def test_R23_no_chain_uploaded(consoles: Consoles) -> None:
    source, target = consoles("source", "target")
    answer = source.verify(target.running)
    assert answer.status_code == 400
    info = _info(answer.json())
    assert (info["Message"], info["Resolution"]) == (MESSAGE, RESOLUTION)


def test_R23_nobody_there(shared: Administrator) -> None:
    body = {"Address": "127.0.0.1:1", "UserName": "admin", "Password": "x", "LocalRole": "source"}
    answer = shared.client.post("/api/MigrationService/Actions/MigrationService.VerifyConnection", json=body)
    assert answer.status_code == 400
    assert (_info(answer.json())["Message"], _info(answer.json())["Resolution"]) == (MESSAGE, RESOLUTION)


def test_R23_a_verified_connection_gets_no_such_answer(shared_pair: tuple[Administrator, Administrator]) -> None:
    answer = shared_pair[0].verify(shared_pair[1].running)
    assert answer.status_code == 200
    assert MESSAGE not in answer.text
    assert answer.json()["Passed"] is True
