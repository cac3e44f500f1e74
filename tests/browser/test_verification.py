"""Verification on a phone: from a claim to a handle, and what verifiers, custodians and members see."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD
from tests.browser.test_posting import WIDTHS, accessible, fits

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(site, tmp_path, make_member):
    """A loaded register, an account that claims, a verifier and two custodians, all with the same password."""
    from auscult.demo.register import write_register
    from auscult.members.models import Account, RoleGrant
    from auscult.registry.actions import load_register
    from auscult.registry.models import RegisterRecord
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE, Level

    file = tmp_path / "register.zip"
    write_register(file, 200)
    load_register(file, standing=CONSOLE, now=clock.now())
    for who, roles in (
        ("applicant", ()), ("verifier", ("verifier",)), ("custodian", ("custodian",)), ("second", ("custodian",)),
    ):  # fmt: skip
        standing = make_member(level=Level.L0, email=f"{who}@example.org")
        account = Account.objects.get(email=f"{who}@example.org")
        account.set_password(PASSWORD)
        account.save()
        assert RoleGrant.objects.filter(member_id=standing.member_id).count() == 0
        for role in roles:
            RoleGrant.objects.create(member_id=standing.member_id, role=role)
    record = RegisterRecord.objects.exclude(licences=[]).exclude(phone="").order_by("number").first()
    return site, record


def enter(page, site, who):
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Email").fill(f"{who}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_load_state()


def claim(page, site, record, **changes):
    number, state = record.licences[0]
    page.goto(f"{site}/verify/")
    values = {
        "number": record.number, "first_name": record.first_name, "last_name": record.last_name, "licence": number,
        "licence_state": state,
    } | changes  # fmt: skip
    form = page.locator("form").filter(has=page.get_by_role("button", name="Claim this record"))
    for name, value in values.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button", name="Claim this record").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_from_a_claim_to_a_handle_on_a_phone(desk, browser, javascript):
    from auscult.members.models import Claim, Member
    from auscult.members.queries.standing import get_standing
    from auscult.members.queries.verifiers import get_code_sheet
    from auscult.members.rules import EvidenceKind
    from auscult.shared import clock

    site, record = desk
    context = browser.new_context(viewport={"width": 390, "height": 860}, java_script_enabled=javascript)
    page = context.new_page()
    enter(page, site, "applicant")
    claim(page, site, record, last_name="Nobodyberg")
    expect(page.get_by_text("We could not match these details").first).to_be_visible()
    assert page.locator("#field-last").input_value() == "Nobodyberg"  # what was typed is kept
    claim(page, site, record)
    expect(page.get_by_text("You are registered. You read; you do not speak or vote yet.")).to_be_visible()
    page.get_by_text("Code to the registered practice").first.click()
    page.get_by_role("button", name="Ask for a code").first.click()
    expect(page.get_by_text("waits for a verifier to send it").first).to_be_visible()
    page.get_by_text("Licence or badge document").first.click()
    page.locator("#field-document").set_input_files(
        {"name": "badge.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 badge"}
    )
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("A verifier looks at your evidence.")).to_be_visible()

    desk_context = browser.new_context(viewport={"width": 1280, "height": 860}, java_script_enabled=javascript)
    verifier = desk_context.new_page()
    enter(verifier, site, "verifier")
    verifier.goto(f"{site}/verifier/")
    case = Claim.objects.get(record_fingerprint__isnull=False, state="in_review")
    verifier.get_by_role("link", name=str(case.pk)).first.click()
    assert not verifier.get_by_text("quiet-otter").count()
    standing = get_standing(Member.objects.get(account__email="verifier@example.org").account_id, clock.now())
    code = get_code_sheet(standing, case.pk, EvidenceKind.CALL_BACK, clock.now()).code
    verifier.get_by_role("button", name="I have said it").click()
    verifier.goto(f"{site}/verifier/{case.pk}/")
    verifier.get_by_label("Kind").select_option("document")
    verifier.get_by_label("What you saw").fill("A badge with the name.")
    verifier.get_by_role("button", name="It confirms the claim").click()

    page.goto(f"{site}/verify/")
    form = page.locator("form").filter(has=page.locator("[name=kind][value=call_back]"))
    form.locator("[name=code]").fill("00000000" if code != "00000000" else "1")
    form.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("That is not the code.")).to_be_visible()
    form.locator("[name=code]").fill(code)
    form.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The code is right.")).to_be_visible()

    verifier.goto(f"{site}/verifier/{case.pk}/")
    verifier.get_by_label("Decision and reason").select_option("verify:evidence_sufficient")
    verifier.get_by_role("button", name="Decide").click()
    expect(verifier.get_by_text("Decided. The applicant is told by mail.")).to_be_visible()

    page.goto(f"{site}/verify/")
    expect(page.get_by_text("You are verified.")).to_be_visible()
    page.get_by_label("Handle").fill("evening-rounds")
    page.get_by_role("button", name="Choose", exact=True).click()
    expect(page.get_by_role("main").get_by_text("Colleagues know you as evening-rounds")).to_be_visible()
    context.close()
    desk_context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_is_accessible(desk, browser, width, scheme):
    site, record = desk
    wrong = {}

    def look(page, path):
        assert page.goto(site + path).status == 200, path
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
        problems = accessible(page)
        if problems or not fits(page):
            wrong[path] = problems or "wider than the screen"

    def person(who):
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
        page = context.new_page()
        if who:
            enter(page, site, who)
        return page

    reader = person("")
    for path in ("/verification/", "/recover/", "/register/"):
        look(reader, path)
    applicant = person("applicant")
    look(applicant, "/verify/")
    claim(applicant, site, record)
    look(applicant, "/verify/")
    look(applicant, "/mine/data/")
    physician = person("physician")
    for path in ("/verify/", "/vouch/", "/mine/data/"):
        look(physician, path)
    verifier = person("verifier")
    verifier.goto(f"{site}/verifier/")
    case = re.search(r"/verifier/(\d+)/", verifier.content())[0]
    for path in ("/verifier/", case):
        look(verifier, path)
    custodian = person("custodian")
    custodian.goto(f"{site}/custodian/")
    custodian.get_by_label("Handle").fill("morning-rounds")
    custodian.get_by_label("Reason").fill(
        "The author of a posting must be reached, and there is no other way to do it."
    )
    custodian.get_by_role("button", name="Ask a second custodian").click()
    look(person("second"), "/custodian/")
    assert wrong == {}


def test_everything_is_taken_away_and_erased(desk, browser):
    from auscult.members.models import Account

    site, _ = desk
    context = browser.new_context(viewport={"width": 390, "height": 860}, accept_downloads=True)
    page = context.new_page()
    enter(page, site, "applicant")
    page.goto(f"{site}/mine/data/")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Take away as JSON").click()
    assert "applicant@example.org" in waiting.value.path().read_text()
    page.get_by_text("Erase the account").click()
    page.locator("#field-erase-password").fill(PASSWORD)
    page.get_by_label("I have understood").check()
    page.get_by_role("button", name="Erase").click()
    expect(page.get_by_text("Your account is erased.")).to_be_visible()
    assert not Account.objects.filter(email="applicant@example.org").exists()
    context.close()
