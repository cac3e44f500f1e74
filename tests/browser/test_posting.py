"""One screen, as a physician sees it: read, vote, comment, rate, at two widths, with and without JavaScript."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
WIDTHS = [390, 1280]
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def sign_in(page, site):
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Email").fill("physician@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_load_state()


def watch(page):
    """Collect what the console complains about; 4xx answers that a test provokes are not errors of the page."""
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def accessible(page):
    found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    return [(violation["id"], [node["html"][:120] for node in violation["nodes"]]) for violation in found]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


KEPT = "() => localStorage[Object.keys(localStorage).find(key => key.includes('.receipt.'))] ?? 'null'"
# Whether the receipt can be kept in the very task that shows it: htmx settles at once.
WHEN_SHOWN = """new MutationObserver((changes) => {
    const added = changes.flatMap(change => [...change.addedNodes]).filter(node => node.querySelector?.("[data-receipt]"));
    if (added.length) window.offeredWhenShown = !document.querySelector("[data-keep]").hidden;
}).observe(document.body, { subtree: true, childList: true })"""


def receipt(page):
    """What the browser keeps."""
    return page.evaluate(f"JSON.parse(({KEPT})())")


@pytest.mark.parametrize("width", WIDTHS)
def test_read_vote_comment_rate_without_reload(site, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 860})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    page.evaluate("window.stillHere = true")
    page.evaluate(WHEN_SHOWN)
    expect(page.get_by_text("The first figures appear when 20 members have voted")).to_be_visible()

    # by keyboard alone: to the choice, choose, send
    page.get_by_role("radio", name="Payment reform").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Cast my ballot").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Your ballot is counted.").wait_for()
    expect(page.get_by_text("Base: 10 answers")).to_be_visible()
    assert page.evaluate("window.offeredWhenShown") is True
    # The browser keeps it only if asked.
    assert receipt(page) is None
    page.get_by_role("button", name="Keep it in this browser").click()
    expect(page.get_by_role("button", name="Kept in this browser until you sign out")).to_be_disabled()
    assert receipt(page)["answers"][0]["choice"] == "c2"

    page.get_by_text("Change your ballot").click()
    page.get_by_role("radio", name="Payment reform").check()
    page.get_by_role("button", name="Change my ballot").click()
    page.get_by_role("listitem").filter(has_text="Payment reform").get_by_text("your answer").wait_for()
    assert receipt(page)["answers"][0]["choice"] == "c1"

    page.get_by_label("Your comment").fill("At last somebody *measures*.")
    page.get_by_role("button", name="Comment").click()
    page.get_by_role("heading", name="1 comment").wait_for()
    page.get_by_role("link", name="Answer").click()
    page.get_by_label("Your answer").fill("Indeed.")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("heading", name="2 comments").wait_for()
    page.get_by_role("button", name="Very useful").click()
    page.get_by_text("1 rating, mean 3.0 of 3").wait_for()

    assert page.evaluate("window.stillHere") is True  # the page was never reloaded
    assert fits(page)
    assert accessible(page) == []
    assert said == []
    page.reload()
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()
    context.close()


def test_everything_works_without_javascript(site, browser):
    context = browser.new_context(viewport={"width": 390, "height": 860}, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Choose an answer first.")).to_be_visible()
    page.get_by_role("radio", name="Coverage of the uninsured").check()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your ballot is counted.")).to_be_visible()
    page.get_by_label("Your comment").fill("Plain.")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    page.get_by_role("button", name="Useful", exact=True).click()
    expect(page.get_by_text("1 rating, mean 2.0 of 3")).to_be_visible()
    context.close()


PAGES = [
    "/", "/results/", "/record/", "/register/", "/accounts/login/", "/accounts/signup/", "/dev/components", "/dev/mail",
    "/no-such-page", "/feed/", "/postings/new", "/verify/", "/accounts/2fa/", "/accounts/sessions/",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_is_accessible(site, browser, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, site)
    wrong = {}
    for path in PAGES:
        page.goto(site + path)
        problems = accessible(page)
        if problems or not fits(page):
            wrong[path] = problems or "wider than the screen"
    assert wrong == {}
    context.close()


def test_a_passkey_can_be_added_and_used(site, browser):
    context = browser.new_context(viewport={"width": 390, "height": 860})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    address = site.replace("127.0.0.1", "localhost")  # browsers allow passkeys on plain http only for this name
    sign_in(page, address)
    page.goto(f"{address}/accounts/2fa/webauthn/add/")
    if page.get_by_label("Password").is_visible():
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Phone")
    page.locator("#id_passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    page.wait_for_load_state()
    context.clear_cookies()
    page.goto(f"{address}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{address}/")
    page.get_by_role("link", name="Mine", exact=True).click()
    expect(page.get_by_role("main").get_by_text("Here I am morning-rounds")).to_be_visible()
    context.close()
