"""The pages in a real browser: with a mouse, from the keyboard alone, without JavaScript, on a narrow screen."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, Page, expect
from tests.running import HOST, PASSWORD, USER, RunningConsole
from tests.web.browser import Visit, chromium, require_chromium, visit
from tests.web.consoles import Pair, StartConsole, accepted, add_fleet, certify, fleet, managed

from mutua.authority.ca import Authority, LeafUsage
from mutua.peering.contexts import public_client
from mutua.storage.tables import users

CERTIFICATES = "/settings/security/certificates"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_chromium()
    with chromium() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser, running: RunningConsole) -> Iterator[Visit]:
    """A window at a console on its first start. Whatever happens in it, its developer console has no complaints."""
    with visit(browser, running) as window:
        yield window
        assert window.violations() == []
        assert window.complaints == []


def download_request(page: Page, folder: Path) -> x509.CertificateSigningRequest:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signing request").click()
    assert download.value.suggested_filename == f"{HOST}.csr"
    file = folder / "console.csr"
    download.value.save_as(file)
    return x509.load_pem_x509_csr(file.read_bytes())


def upload_chain(page: Page, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    page.get_by_label("Chain file").set_input_files(file)
    page.get_by_role("button", name="Upload the chain").click()


def leaf_verified_by(root: x509.Certificate, running: RunningConsole) -> x509.Certificate:
    """The leaf that a new connection gets, if it is below the root and for this address."""
    context = public_client(root.public_bytes(Encoding.PEM).decode())
    with (
        socket.create_connection((HOST, running.console.addresses.port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as encrypted,
    ):
        der = encrypted.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def test_r10_the_certificate_of_a_console_is_replaced_in_a_browser(
    window: Visit, running: RunningConsole, authority: Authority, tmp_path: Path
) -> None:
    page = window.page
    window.sign_in()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Certificates").click()
    expect(page.get_by_role("navigation", name="You are here")).to_have_text(
        "Application Settings → Security → Certificates", use_inner_text=True
    )
    expect(page.get_by_text("Self-signed: nobody vouches for it yet", exact=False)).to_be_visible()

    expect(page.get_by_label("Common name")).to_have_value(HOST)
    page.get_by_label("Business name").fill("Example")
    page.get_by_role("button", name="Generate a signing request").click()
    request = download_request(page, tmp_path)

    wrong = authority.sign(request, usage=LeafUsage.SERVER)
    upload_chain(page, tmp_path / "wrong.pem", wrong.chain_pem)
    expect(page.get_by_role("alert")).to_contain_text("wrong.pem was refused. Nothing was changed")
    refused = page.locator(".outcome")
    expect(refused).to_contain_text("CGEN1008 Unable to process the request because an error occurred.")
    expect(refused).to_contain_text("No Client/Server authentication EKU present in leaf certificate.")
    expect(refused).to_contain_text("Extended key usage lists serverAuth only.")
    expect(refused).to_contain_text("leaf.no-client-auth R5")
    with pytest.raises(ssl.SSLCertVerificationError):
        leaf_verified_by(authority.root, running)

    right = authority.sign(request)
    upload_chain(page, tmp_path / "right.pem", right.chain_pem)
    expect(page.get_by_role("status")).to_contain_text("The certificate chain is installed")
    assert leaf_verified_by(authority.root, running) == right.leaf
    page.reload()
    expect(page.get_by_role("row", name="Lab Intermediate CA Lab Root CA")).to_be_visible()


def test_a_file_is_checked_without_being_installed(
    window: Visit, running: RunningConsole, authority: Authority, tmp_path: Path
) -> None:
    window.sign_in()
    window.open(CERTIFICATES)
    page = window.page
    page.get_by_role("button", name="Generate a signing request").click()
    signed = authority.sign(download_request(page, tmp_path))
    file = tmp_path / "chain.pem"
    file.write_bytes(signed.chain_pem)
    page.get_by_label("Chain file").set_input_files(file)
    page.get_by_role("button", name="Check without installing").first.click()
    expect(page.get_by_role("status")).to_contain_text("An upload of chain.pem would be taken")
    assert running.console.identity.leaf.is_self_signed


def focused(page: Page) -> str:
    """The name of what has the focus, which must be seen to have it."""
    name, outline = page.evaluate(
        """() => {
            const element = document.activeElement;
            const name = element.labels?.[0]?.textContent ?? element.textContent;
            return [name.trim(), getComputedStyle(element).outlineStyle];
        }"""
    )
    assert outline == "solid", name
    return str(name)


def test_signing_in_needs_a_keyboard_only(window: Visit) -> None:
    page = window.page
    window.open("/devices")
    assert focused(page) == "User name"
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    assert focused(page) == "Password"
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "The user name or the password is not right. Check both and try again."
    )
    assert focused(page) == "Password"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    assert focused(page) == "Sign in"
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_first_password_is_changed_with_a_keyboard_only(window: Visit, running: RunningConsole) -> None:
    with running.console.database.writing() as connection:
        connection.execute(users.update().values(must_change_password=True))
    page = window.page
    window.open("/")
    expect(page.get_by_label("User name")).to_be_focused()
    for text in (USER, PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/password")
    expect(page.get_by_label("Current password")).to_be_focused()
    typed = {"Current password": PASSWORD, "New password": "short", "New password, once more": "short"}
    for label, text in typed.items():
        assert focused(page) == label
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    assert focused(page) == "Change the password"
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("at least 8 characters")
    expect(page.get_by_label("New password", exact=True)).to_be_focused()
    assert focused(page) == "New password"
    page.keyboard.type("a password of one's own")
    page.keyboard.press("Tab")
    page.keyboard.type("a password of one's own")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Current password"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    expect(page.get_by_role("status")).to_contain_text("The password is changed.")


def test_everything_on_the_certificates_page_is_reached_with_the_tab_key(window: Visit) -> None:
    window.sign_in()
    window.open(CERTIFICATES)
    page = window.page
    wanted = page.locator("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']").count()
    reached = set()
    for _step in range(wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert len(reached) == wanted


def test_what_the_policy_forbids_does_not_happen_and_is_noticed_here(browser: Browser, running: RunningConsole) -> None:
    with visit(browser, running) as window:
        window.open("/login")
        window.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "document.title = 'mine'";
                document.body.append(script);
                document.body.setAttribute("style", "color: red");
            }"""
        )
        expect(window.page).to_have_title("Sign in · source")
        window.page.wait_for_function("window.violations.length >= 2")
        assert set(window.violations()) == {"script-src-elem", "style-src-attr"}
        assert len(window.complaints) == 2


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_r24_a_migration_is_started_and_watched_to_its_end(
    browser: Browser, start_console: StartConsole, authority: Authority, javascript: bool
) -> None:
    source, target = start_console("source"), start_console("target")
    add_fleet(source.console, fleet(400))
    certify(source, authority)
    certify(target, authority)
    with visit(browser, target, javascript=javascript) as window:
        page = window.page
        window.sign_in()
        window.open("/migration")
        page.get_by_label("Address of the other console").fill(source.address)
        page.get_by_label("Its local administrator").fill(USER)
        page.get_by_label("Password there").fill(PASSWORD)
        page.get_by_label("the target: it receives the other one's devices").check()
        page.get_by_role("button", name="Verify the connection").click()
        expect(page.get_by_role("status")).to_have_text("✓ The connection is in order", use_inner_text=True)
        assert PASSWORD not in page.content()
        page.get_by_label(f"Password of {USER} at {source.address}, once more").fill(PASSWORD)
        page.get_by_role("button", name="Migrate").click()
        page.wait_for_url("**/migration/*-*")
        expect(page.get_by_role("heading", name="Done")).to_be_visible()
        expect(page.get_by_role("button", name="Abort")).to_have_count(0)
        expect(page.get_by_role("row", name="committed")).to_contain_text("The target manages them: this is decided.")
        if javascript:
            assert window.violations() == []
        assert window.complaints == []
    assert (managed(source), managed(target)) == (0, 400)


def test_progress_is_brought_up_to_date_in_place(browser: Browser, pair: Pair) -> None:
    identifier = accepted(pair)
    migrating = pair.source.console.migrating
    with visit(browser, pair.source) as window:
        page = window.page
        window.sign_in()
        window.open(f"/migration/{identifier}")
        expect(page.get_by_role("heading", name="Prepared")).to_be_visible()
        page.evaluate("window.stayed = true")
        migrating.source.manifest(identifier, migrating.read(identifier).peer_key_sha256)
        expect(page.get_by_role("heading", name="Streaming")).to_be_visible()
        assert page.evaluate("window.stayed") is True
        pair.target.console.migrating.resume(identifier)
        expect(page.get_by_role("heading", name="Done")).to_be_visible()
        expect(page.get_by_role("button", name="Resume")).to_have_count(0)
        assert window.complaints == []


@pytest.mark.parametrize("language", ["English", "Español"])
def test_no_page_is_wider_than_a_narrow_screen(
    browser: Browser, running: RunningConsole, authority: Authority, language: str
) -> None:
    add_fleet(running.console, fleet(60))
    with visit(browser, running, width=390) as window:
        window.sign_in()
        window.page.get_by_role("button", name=language).click()
        certify(running, authority)
        for path in ("/", CERTIFICATES, "/devices", "/migration", "/none"):
            window.open(path)
            assert window.page.evaluate("document.documentElement.scrollWidth") == 390, path
