"""R1: nothing is exchanged before both sides have shown a certificate and verified the other's."""

import ssl

import httpx
import pytest
from tests.requirements.administrator import Administrator, Authorities, Consoles
from tests.running import RunningConsole

from mutua.authority.issue import Issued, Template, issue
from mutua.peering.contexts import Presented, peer_client, public_client

Pair = tuple[Administrator, Administrator]


def _client(issuer: Issued, trusted: Issued) -> ssl.SSLContext:
    """What a peer would connect with: a sound certificate by `issuer`, trusting the root `trusted`."""
    issued = issue(Template(common_name="peer.example.net"), issuer=issuer)
    assert issued.key is not None
    return peer_client(Presented(issued.pem + issuer.pem, issued.key), trusted.pem.decode())


def _ask(console: RunningConsole, context: ssl.SSLContext) -> httpx.Response:
    with httpx.Client(verify=context, trust_env=False, timeout=10) as client:
        return client.get(f"https://{console.peer_address}/peer/v1/standing")


def test_R1_a_peer_with_a_certificate_below_the_trusted_root_is_answered(
    shared_pair: Pair, authorities: Authorities
) -> None:
    answer = _ask(shared_pair[0].running, _client(authorities.inter1, authorities.root))
    assert answer.status_code == 200
    assert answer.json()["Name"] == "source"


def test_R1_a_peer_without_a_certificate_gets_nothing(shared_pair: Pair, authorities: Authorities) -> None:
    with pytest.raises(httpx.TransportError):
        _ask(shared_pair[0].running, public_client(authorities.root.pem.decode()))


def test_R1_a_peer_with_a_certificate_by_an_unknown_ca_gets_nothing(
    shared_pair: Pair, authorities: Authorities
) -> None:
    with pytest.raises(httpx.TransportError):
        _ask(shared_pair[0].running, _client(authorities.stranger, authorities.root))


def test_R1_a_client_refuses_a_peer_listener_that_its_roots_do_not_vouch_for(
    shared_pair: Pair, authorities: Authorities
) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        _ask(shared_pair[0].running, _client(authorities.inter1, authorities.stranger))


def test_R1_either_side_can_be_the_client(shared_pair: Pair) -> None:
    source, target = shared_pair
    assert source.meet(target.running)["Met"] is True
    assert target.meet(source.running)["Met"] is True


def test_R1_a_console_with_a_self_signed_certificate_is_met_by_nobody(
    consoles: Consoles, authorities: Authorities
) -> None:
    certified, fresh = consoles("certified", "fresh")
    certified.certify(authorities, authorities.inter1)
    assert certified.meet(fresh.running)["Met"] is False
    assert fresh.meet(certified.running)["Met"] is False


def test_R1_nothing_is_trusted_by_default(shared: Administrator) -> None:
    assert (shared.state / "trusted-roots.pem").read_bytes() == b""


def test_R1_the_public_listener_asks_no_client_for_a_certificate(shared: Administrator) -> None:
    assert shared.client.get("/api/ApplicationService/Info").status_code == 200
