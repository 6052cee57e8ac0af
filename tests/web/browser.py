"""A real browser, headless: Debian's Chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.running import PASSWORD, USER, RunningConsole

CHROMIUM = Path("/usr/bin/chromium")
REQUIRED = "MUTUA_REQUIRE_BROWSER"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Where every violation of the page's policy is noted, from before its first script.
_WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => window.violations.push(event.violatedDirective));
"""


def require_chromium() -> None:
    """Skip the test where there is no browser; fail it where there must be one."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed; run: make browser"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A browser window at a console, with all that its developer console said."""

    def __init__(self, context: BrowserContext, running: RunningConsole) -> None:
        self.running = running
        self.said: list[ConsoleMessage] = []
        self.context = context
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message))
        self.page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        self.page.goto(f"https://{self.running.address}{path}")

    def sign_in(self) -> None:
        """Sign in as the administrator."""
        self.open("/login")
        self.page.get_by_label("User name").fill(USER)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"https://{self.running.address}/")

    def violations(self) -> list[str]:
        """What the present page tried and was not allowed."""
        return list(self.page.evaluate("window.violations"))

    @property
    def complaints(self) -> list[str]:
        """What the developer console said, but for answers that are no 200: those are asked for here."""
        return [message.text for message in self.said if "the server responded with a status of" not in message.text]


@contextmanager
def visit(browser: Browser, running: RunningConsole, *, javascript: bool = True, width: int = 1280) -> Iterator[Visit]:
    """A window of its own, without cookies. The certificate of a first start is self-signed: it is not verified."""
    context = browser.new_context(
        ignore_https_errors=True,
        java_script_enabled=javascript,
        locale="en-GB",
        viewport={"width": width, "height": 800},
    )
    context.add_init_script(_WATCH)
    context.set_default_timeout(20_000)
    try:
        yield Visit(context, running)
    finally:
        context.close()
