"""Verifying two running consoles (R19–R23): what passes, and exactly which causes are told where it does not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tests.peering.certified import Authority, certify, running
from tests.peering.said import Said, said
from tests.running import HOST, PASSWORD, USER, RunningConsole

from mutua.authority.keys import KeyType
from mutua.authority.request import Subject
from mutua.chain import Profile
from mutua.peering import peers
from mutua.peering.identity import key_sha256
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole
from mutua.peering.standing import MalformedStandingError, Standing
from mutua.peering.verify import CANNOT_AUTHENTICATE, Meeting, Verification, judge, verify

Pair = tuple[RunningConsole, RunningConsole]
Told = set[tuple[str, str]]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Pair]:
    """Two consoles at their first start."""
    with running(tmp_path, "source", "target") as (source, target):
        yield source, target


def check(source: RunningConsole, target: RunningConsole) -> Verification:
    """Verify as an administrator of both."""
    with source.remote() as at_source, target.remote() as at_target:
        return verify(at_source, at_target)


def told(verification: Verification) -> Told:
    """Which rules are broken, and on which side."""
    return {(cause.side, cause.rule) for cause in verification.causes}


BOTH_REFUSE = {("source", "pair.handshake-failed"), ("target", "pair.handshake-failed")}


def test_equal_chains_pass_both_ways(pair: Pair) -> None:
    source, target = pair
    verification = check(source, target)
    assert verification.passed
    assert verification.causes == ()
    assert verification.source_meets_target == Meeting(None, key_sha256(target.console.identity.leaf))
    assert verification.target_meets_source == Meeting(None, key_sha256(source.console.identity.leaf))
    rows = [(row.source.issued_to, row.source.issued_by) for row in verification.comparison.rows if row.source]
    assert rows == [("OMENT-310", "Inter-CA1"), ("Inter-CA1", "Root-CA"), ("Root-CA", "Root-CA")]
    assert abs(verification.clock_skew_s) < 30


def test_what_was_verified_is_a_peer_and_nobody_else_is(pair: Pair) -> None:
    source, target = pair
    check(source, target)
    with source.console.database.reading() as connection:
        known = peers.by_key(connection, key_sha256(target.console.identity.leaf))
        assert (known.name, known.address) == ("target", target.peer_address)
        with pytest.raises(peers.UnknownPeerError):
            peers.by_key(connection, key_sha256(source.console.identity.leaf))


def test_the_sentences_of_the_appliance() -> None:
    body = CANNOT_AUTHENTICATE.body()["error"]
    assert isinstance(body, dict)
    (information,) = body["@Message.ExtendedInfo"]
    assert information["Message"] == "Unable to mutually authenticate and connect to the remote appliance."
    assert information["Resolution"] == (
        "Please check the source and target appliances has valid certificate chain uploaded which are signed by "
        "the same CA."
    )


def test_another_intermediate_below_the_same_root_does_not_pass(fresh: Pair, authority: Authority) -> None:
    """The article's own example: TLS is content, the appliance is not."""
    source, target = fresh
    other = Authority(authority.path[-1:]).below("Inter-CA2")
    certify(source.console, authority, "OMENT-310")
    certify(target.console, other, "OMENT-400")
    verification = check(source, target)
    assert told(verification) == {("both", "pair.authorities-differ")}
    assert [row.matches for row in verification.comparison.rows] == [False, False, True]
    assert verification.source_meets_target.met
    assert verification.target_meets_source.met
    with source.console.database.reading() as connection:
        assert peers.known(connection) == []


def test_another_root_does_not_pass(fresh: Pair, authority: Authority) -> None:
    source, target = fresh
    certify(source.console, authority, "OMENT-310")
    certify(target.console, Authority.create("Other-CA", "Other-Root"), "OMENT-400")
    assert told(check(source, target)) == {("both", "pair.authorities-differ"), *BOTH_REFUSE}


def test_the_same_names_with_other_keys_do_not_pass(fresh: Pair, authority: Authority, stranger: Authority) -> None:
    source, target = fresh
    certify(source.console, authority, "OMENT-310")
    certify(target.console, stranger, "OMENT-400")
    assert told(check(source, target)) == {("both", "pair.keys-differ"), *BOTH_REFUSE}


def test_one_level_more_does_not_pass(fresh: Pair, authority: Authority) -> None:
    source, target = fresh
    certify(source.console, authority, "OMENT-310")
    certify(target.console, authority.below("Sub-CA"), "OMENT-400")
    assert told(check(source, target)) == {("both", "pair.authorities-differ")}


def test_without_any_chain_it_does_not_pass(fresh: Pair) -> None:
    source, target = fresh
    assert told(check(source, target)) == {("source", "pair.no-chain"), ("target", "pair.no-chain"), *BOTH_REFUSE}


def test_with_one_chain_it_does_not_pass(fresh: Pair, authority: Authority) -> None:
    source, target = fresh
    certify(source.console, authority, "OMENT-310")
    assert told(check(source, target)) == {("target", "pair.no-chain"), *BOTH_REFUSE}


def test_a_single_certificate_is_no_chain(fresh: Pair, authority: Authority) -> None:
    """What the upload of a chain by the wrong call leaves behind: the certificate is there, the chain is not."""
    source, target = fresh
    certify(source.console, authority, "OMENT-310")
    signed = authority.signed(target.console.generate_request(Subject("OMENT-400"), HOST, KeyType.EC_P256))
    assert target.console.upload(signed, Profile.SERVER).identity is not None
    assert told(check(source, target)) == {("target", "pair.no-chain"), *BOTH_REFUSE}
    certify(target.console, authority, "OMENT-400")
    assert check(source, target).passed


def test_a_leaf_for_another_address_does_not_pass(pair: Pair, fresh: Pair, authority: Authority) -> None:
    source, _target = pair
    elsewhere = fresh[1]
    certify(elsewhere.console, authority, "OMENT-400", names=[x509.DNSName("elsewhere.example.net")])
    context = source.context
    context.check_hostname = False
    with source.remote() as at_source, RemoteConsole(elsewhere.address, USER, PASSWORD, context) as at_target:
        assert told(verify(at_source, at_target)) == {("source", "pair.handshake-failed")}


def test_the_own_address_for_both_does_not_pass(pair: Pair) -> None:
    source, _target = pair
    verification = check(source, source)
    assert told(verification) == BOTH_REFUSE
    assert "that address is this console itself" in str(verification.causes[0].found)


def test_a_wrong_password_is_refused(pair: Pair) -> None:
    source, _target = pair
    with pytest.raises(ConsoleRefusedError) as refused, RemoteConsole(source.address, USER, "wrong", source.context):
        pass
    assert refused.value.status == 401
    with source.remote() as signed_in:
        assert signed_in.standing().name == "source"


def test_a_port_where_nobody_listens_is_told(pair: Pair) -> None:
    source, _target = pair
    with (
        pytest.raises(ConsoleUnreachableError, match="nothing listens"),
        RemoteConsole(f"{HOST}:{free_port()}", USER, "any", source.context),
    ):
        pass


def test_the_peer_listener_is_not_the_public_one(pair: Pair) -> None:
    """A frequent mistake: the other port. It demands a certificate, which an administrator does not have."""
    source, _target = pair
    with (
        pytest.raises(ConsoleUnreachableError, match="hung up"),
        RemoteConsole(source.peer_address, USER, "any", source.context),
    ):
        pass


def test_the_public_listener_is_not_the_peers_one(pair: Pair) -> None:
    source, target = pair
    meeting = source.console.migrating.meet(target.address)
    assert not meeting.met
    assert "the peer answered something else" in str(meeting.problem)
    assert source.console.migrating.meet(target.peer_address).met


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def plain_server(answer: bytes) -> Iterator[str]:
    """Something that speaks no TLS: it answers each connection with some bytes and hangs up."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    with connection:
                        connection.recv(1)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"{HOST}:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.example.net ESMTP\r\n", b"\x00" * 99]
)
def test_a_port_without_tls_is_told(pair: Pair, answer: bytes) -> None:
    source, _target = pair
    with plain_server(answer) as address:
        meeting = source.console.migrating.meet(address)
        assert meeting.problem is not None
        with pytest.raises(ConsoleUnreachableError), RemoteConsole(address, USER, "any", source.context):
            pass


@pytest.mark.parametrize(
    "address",
    [
        "nowhere.invalid:1",
        f"{'a' * 70}:1",
        "a..b:1",
        "xn--:1",
        "[::1:1",
        "::1:1",
        "ex\x00ample:1",
        "host:99999999",
        "",
        "host",
    ],
)
def test_what_is_no_address_is_told(pair: Pair, address: str) -> None:
    source, _target = pair
    assert source.console.migrating.meet(address).problem is not None
    with pytest.raises(ConsoleUnreachableError), RemoteConsole(address, USER, "any", source.context):
        pass


YEAR = timedelta(days=365)
NOW = datetime.now(UTC)
ALONE: dict[str, tuple[dict[str, object], str]] = {
    "expired": ({"not_before": NOW - YEAR, "not_after": NOW - timedelta(days=1)}, "validity.expired"),
    "not yet valid": ({"not_before": NOW + timedelta(days=1), "not_after": NOW + YEAR}, "validity.not-yet-valid"),
}


@pytest.mark.parametrize("fault", ALONE)
@pytest.mark.parametrize("side", ["source", "target"])
def test_validity_is_judged_on_each_side(authority: Authority, side: str, fault: str) -> None:
    knobs, rule = ALONE[fault]
    sound, unsound = said(authority, "OMENT-310"), said(authority, "OMENT-400", **knobs)
    causes = judge(unsound, sound) if side == "source" else judge(sound, unsound)
    assert [(cause.side, cause.rule) for cause in causes] == [(side, rule)]


def test_each_console_judges_by_its_own_clock(authority: Authority) -> None:
    """A console whose clock is two years ahead takes its sound certificate for expired; the clocks are told too."""
    source = said(authority, "OMENT-310")
    target = said(authority, "OMENT-400")._replace(clock=NOW + 2 * YEAR)
    expected = {("target", "validity.expired"), ("both", "pair.clocks-differ")}
    assert {(cause.side, cause.rule) for cause in judge(source, target)} == expected


@pytest.mark.parametrize(("seconds", "differ"), [(299, False), (301, True)])
def test_clocks_may_differ_by_five_minutes(authority: Authority, seconds: int, differ: bool) -> None:
    slow = said(authority, "OMENT-310")
    fast = said(authority, "OMENT-400")._replace(clock=slow.clock + timedelta(seconds=seconds))
    for source, target in ((slow, fast), (fast, slow)):
        assert [cause.rule for cause in judge(source, target)] == ["pair.clocks-differ"] * differ


@pytest.mark.parametrize(("levels", "broken"), [(9, set()), (10, {"chain.too-deep"})])
def test_the_depth_is_judged(levels: int, broken: set[str]) -> None:
    deep = Authority.create(*(f"CA {number}" for number in range(levels)), "Root-CA")
    causes = judge(said(deep, "OMENT-310"), said(deep, "OMENT-400"))
    assert {cause.rule for cause in causes} == broken


def test_somebody_else_at_the_address_is_told(authority: Authority) -> None:
    source, target = said(authority, "OMENT-310"), said(authority, "OMENT-400")
    right = [Meeting(None, key_sha256(other.certificates[0])) for other in (target, source)]
    assert verify(Said(source, right[0]), Said(target, right[1])).passed
    assert told(verify(Said(source, right[1]), Said(target, right[1]))) == {("source", "pair.somebody-else")}


def test_every_cause_says_what_to_do(authority: Authority, stranger: Authority) -> None:
    source, target = said(authority, "OMENT-310"), said(stranger, "OMENT-400")
    failed = Meeting(None, None)
    causes = verify(Said(source, failed), Said(target, failed)).causes
    assert len(causes) >= 3
    assert all(str(cause.title) and str(cause.found) and str(cause.fix) for cause in causes)


Change = Callable[[dict[str, object]], object]
MALFORMED: dict[str, Change] = {
    "no name": lambda value: value.pop("Name"),
    "no certificate": lambda value: value.update(Certificates=""),
    "no PEM": lambda value: value.update(Certificates="nonsense"),
    "half a surrogate": lambda value: value.update(Certificates="\ud800"),
    "no clock": lambda value: value.update(Clock="yesterday"),
    "a clock without a zone": lambda value: value.update(Clock="2026-01-01T00:00:00"),
    "a clock before all time": lambda value: value.update(Clock="0001-01-01T00:00:00+14:00"),
    "an unknown kind": lambda value: value.update(Kind="royal"),
    "a port that is none": lambda value: value.update(PeerAddress="host:port"),
    "an address with a path": lambda value: value.update(PeerAddress="host/path:1"),
    "a list for a text": lambda value: value.update(Kind=[]),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_standing_is_refused(authority: Authority, fault: str) -> None:
    standing = said(authority, "OMENT-310")
    value = standing.to_json()
    assert Standing.from_json(value)._replace(certificates=()) == standing._replace(certificates=())
    MALFORMED[fault](value)
    with pytest.raises(MalformedStandingError):
        Standing.from_json(value)


def test_a_strangers_name_cannot_write_on_the_terminal(authority: Authority) -> None:
    value = said(authority, "OMENT-310").to_json() | {"Name": "evil\x1b[2J\n", "Version": "\x07"}
    standing = Standing.from_json(value)
    assert standing.name.isprintable()
    assert standing.version.isprintable()
