"""Two members use one browser, as on a ward: nothing of the first is there for the second."""

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD
from .test_posting import sign_in

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
KEYS = "Object.keys(localStorage)"


def vote_and_keep(page, site):
    sign_in(page, site)
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    page.get_by_role("radio", name="Coverage of the uninsured").check()
    page.get_by_role("button", name="Cast my ballot").click()
    page.get_by_role("button", name="Keep it in this browser").click()
    assert len(page.evaluate(KEYS)) == 1


def test_signing_out_leaves_nothing(site, browser):
    context = browser.new_context()
    page = context.new_page()
    vote_and_keep(page, site)
    page.evaluate("localStorage.setItem('auscult.someone.answers.x', '[]')")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_load_state()
    assert page.evaluate(KEYS) == []
    context.close()


def test_what_an_ended_session_left_goes_when_another_member_signs_in(site, browser, make_member):
    """The session ended elsewhere, so nobody signed out here; the next member sees and can download nothing."""
    from auscult.members.models import Account
    from auscult.surveys.models import Survey

    make_member(email="second@example.org", handle="second-reader")
    account = Account.objects.get(email="second@example.org")
    account.set_password(PASSWORD)
    account.save()
    context = browser.new_context()
    page = context.new_page()
    vote_and_keep(page, site)
    (first,) = page.evaluate(KEYS)
    planted = f"auscult.receipt.{Survey.objects.get().freeze_hash}"
    page.evaluate("([key, kept]) => localStorage.setItem(key, localStorage[kept])", [planted, first])
    context.clear_cookies()
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Email").fill("second@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    expect(page.get_by_text("Your ballot is counted.")).to_have_count(0)
    expect(page.get_by_role("button", name="Your receipt")).to_have_count(0)
    assert page.evaluate(KEYS) == []
    context.close()
