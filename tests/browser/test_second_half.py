"""Mandates, appeals, issues, agreements as people see them: two widths, light and dark, keyboard, no JavaScript."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from .test_posting import WIDTHS, accessible, fits, sign_in, watch

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def told(site, make_member):
    """A site on which one of each thing exists."""
    from auscult.organisations.actions import (
        add_organisation,
        appoint_representative,
        note_quoted_share,
        publish_membership_claim,
    )
    from auscult.organisations.rules import Category, Grade, Power
    from auscult.partnerships.actions.agreements import GrantDraft, propose_agreement, ratify_agreement, take_step
    from auscult.partnerships.models import Occurrence
    from auscult.partnerships.rules import ObligationDraft, Side, StepKind
    from auscult.registry.actions import set_benchmark
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE, Level
    from auscult.statistics.mandates import Stance
    from auscult.voice.actions.appeals import AddresseeDraft, amend_appeal, draft_appeal, moderate_appeal, sign_appeal
    from auscult.voice.actions.issues import add_step, open_issue
    from auscult.voice.actions.mandates import count_mandates, state_mandate
    from auscult.voice.actions.positions import state_position
    from auscult.voice.rules import StepKind as IssueStepKind

    now = clock.now()
    until = now + timedelta(days=90)
    staff = {}
    for slug, name, kind in (
        ("society", "Example Society", "association"),
        ("us", "The Operator", "operator of this place"),
    ):
        organisation = add_organisation(standing=CONSOLE, now=now, slug=slug, name=name, kind=kind)
        staff[slug] = make_member(level=Level.L0, email=f"{slug}@example.org")
        appoint_representative(
            standing=CONSOLE, now=now, organisation=organisation, email=f"{slug}@example.org", public_name=f"Office of {name}",
            scope="everything", powers=list(Power),
        )  # fmt: skip
    editor = make_member(level=Level.L0, roles=("editor", "moderator"))
    set_benchmark(standing=CONSOLE, now=now, code="us", words="physicians of the land", persons=1000, as_of=date(2025, 1, 1),
                  definition="licensed", source="a census")  # fmt: skip
    publish_membership_claim(standing=editor, now=now, slug="society", as_of=date(2025, 1, 1), source="A report",
                             counts={Category.ALL: (250, "members"), Category.STUDENT: (50, "students")},
                             grade=Grade.PUBLISHED)  # fmt: skip
    note_quoted_share(standing=editor, now=now, slug="society", words="20%", low=0.195, high=0.21, said_by="somebody",
                      said_on=date(2025, 6, 1), source="a newspaper")  # fmt: skip
    members = [make_member(until=until) for _ in range(12)]
    for n, member in enumerate(members):
        state_mandate(
            standing=member, now=now, topic="health-reform", organisation="society", stance=list(Stance)[n % 3]
        )
    count_mandates(standing=CONSOLE, now=now)
    position = state_position(
        standing=editor, now=now, organisation="society", topic="health-reform", title="For it", text="We are.",
        source="A letter", stated_on=date(2025, 1, 1),
    )  # fmt: skip
    appeal = draft_appeal(
        standing=members[0], now=now, title="Free the codes", topic="health-reform", preamble="Because.",
        clauses=["Do one thing.", "Do another."], addressees=[AddresseeDraft("Example Society", "letter", "society")],
    )  # fmt: skip
    for member in members[1:6]:
        sign_appeal(standing=member, now=now, appeal_id=appeal.pk, sha256=appeal.versions.get().sha256)
    moderate_appeal(standing=editor, now=now, appeal_id=appeal.pk, reason="in_order")
    amend_appeal(
        standing=members[0],
        now=now,
        appeal_id=appeal.pk,
        preamble="Because.",
        clauses=["Do one thing!", "Do another."],
        why="Sharper.",
    )
    moderate_appeal(standing=editor, now=now, appeal_id=appeal.pk, reason="in_order")
    issue = open_issue(standing=members[0], now=now, title="A matter", topic="health-reform", summary="s")
    add_step(standing=members[0], now=now, issue_id=issue.pk, kind=IssueStepKind.APPEAL, number=appeal.pk)
    agreement = propose_agreement(
        standing=staff["us"], now=now, title="A partnership", subject="p", party_a="us", party_b="society",
        starts_on=now.date(), ends_on=now.date() + timedelta(days=300), terms="In kind.",
        obligations=[ObligationDraft("o1", Side.B, "Journals", "log-ins", (now.date() + timedelta(days=5),))],
        grants=[GrantDraft(Side.B, "numbers by topic", "to learn")],
    )  # fmt: skip
    ratify_agreement(standing=staff["society"], now=now, agreement_id=agreement.pk)
    take_step(standing=staff["society"], now=now, occurrence_id=Occurrence.objects.get().pk, kind=StepKind.SUBMIT,
              text="Done.", evidence="20 log-ins")  # fmt: skip
    return site, appeal.pk, issue.pk, agreement.pk, position.pk


def pages(told):
    _, appeal, issue, agreement, position = told
    return [
        "/organisations/", "/organisations/society/", "/organisations/society/membership/", "/mandates/",
        "/mandates/health-reform/", "/positions/", f"/positions/{position}/", "/appeals/", "/appeals/new",
        f"/appeals/{appeal}/", f"/appeals/{appeal}/changes/1/2/", "/issues/", "/issues/new", f"/issues/{issue}/",
        "/agreements/", f"/agreements/{agreement}/", f"/agreements/{agreement}/access/", "/mine/",
        "/record/", "/record/how-to-check/",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_is_accessible(told, browser, width, scheme):
    site = told[0]
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    wrong = {}
    for path in pages(told):
        assert page.goto(site + path).status == 200, path
        problems = accessible(page)
        if problems or not fits(page):
            wrong[path] = problems or "wider than the screen"
    assert wrong == {}
    assert said == []
    context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_say_who_speaks_and_sign_by_keyboard(told, browser, javascript):
    site, appeal, *_ = told
    context = browser.new_context(viewport={"width": 390, "height": 860}, java_script_enabled=javascript)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site}/mandates/health-reform/")
    page.get_by_role("link", name="Say who speaks for me").click()
    page.get_by_role("group", name="Example Society").get_by_role("button", name="partly").focus()
    page.keyboard.press("Enter")
    page.get_by_text("It counts from the next monthly count on").first.wait_for()
    chosen = page.get_by_role("group", name="Example Society").get_by_role("button", name="partly")
    assert chosen.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Take back what I say of Example Society").click()
    page.get_by_text("Taken back, at once.").wait_for()

    page.goto(f"{site}/appeals/{appeal}/")
    expect(page.get_by_text("5 signed version 1")).to_be_visible()
    page.get_by_role("button", name="Sign", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_text("You signed version 2.").wait_for()
    page.goto(f"{site}/mine/")
    expect(page.get_by_role("link", name="Free the codes")).to_be_visible()
    page.goto(f"{site}/appeals/{appeal}/")
    page.get_by_role("button", name="Withdraw my signature").click()
    page.get_by_text("Your signature is withdrawn.").wait_for()
    context.close()
