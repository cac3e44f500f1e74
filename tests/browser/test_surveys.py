"""Answering and designing: keyboard, no JavaScript, a dropped connection, another device; axe on every page."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from .test_posting import WIDTHS, accessible, fits, sign_in, watch

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def fielded(site, make_member):
    """A survey of every kind of question, open; a closed one with texts; a draft. The physician is a researcher too."""
    from auscult.demo.surveys import NEXT, NIGHTS
    from auscult.members.models import Account, Member, RoleGrant
    from auscult.members.queries.standing import get_standing
    from auscult.shared import clock
    from auscult.statistics.representativeness import Instrument
    from auscult.surveys.actions.answering import cast_ballot
    from auscult.surveys.actions.closing import close_survey
    from auscult.surveys.actions.drafting import draft_survey
    from auscult.surveys.actions.opening import open_survey
    from auscult.surveys.questionnaire.reading import read_questionnaire

    now = clock.now()
    account = Account.objects.get(email="physician@example.org")
    RoleGrant.objects.create(member=Member.objects.get(account=account), role="researcher")
    researcher = get_standing(account.pk, now)

    def make(document, closes_at, at=now):
        return draft_survey(
            standing=researcher,
            now=at,
            questionnaire=read_questionnaire(document),
            instrument=Instrument.COMMUNITY_POLL,
            closes_at=closes_at,
        )

    open_now = open_survey(standing=researcher, now=now, survey_id=make(NEXT, now + timedelta(days=3)).pk)
    before = now - timedelta(days=3)
    closed = make(NIGHTS, now - timedelta(days=1), at=before)
    closed = open_survey(standing=researcher, now=before, survey_id=closed.pk)
    for number in range(24):
        voter = make_member(until=now + timedelta(days=90))
        answers = {
            "oncall": "yes",
            "agree": {"safe": ["agree", "disagree"][number % 2], "paid": ["agree", "disagree"][number % 2]},
            "words": f"Words {number}",
        }
        cast_ballot(standing=voter, now=before, survey_id=closed.pk, answers=answers, seconds=90)
    close_survey(standing=researcher, now=now, survey_id=closed.pk)
    return site, open_now, closed, make(NIGHTS, now + timedelta(days=9))


def test_every_page_is_accessible_and_fits(fielded, browser):
    site, open_now, closed, draft = fielded
    pages = [
        "/surveys/", "/surveys/new/", f"/surveys/{open_now.public_id}/", f"/surveys/{open_now.public_id}/answer/",
        f"/surveys/{draft.pk}/design/?at=agree", f"/surveys/{draft.pk}/plan/", f"/surveys/{draft.pk}/preview/",
        f"/surveys/{draft.pk}/preview/page/", f"/surveys/{draft.pk}/dry-run/", f"/surveys/{closed.pk}/fieldwork/",
        f"/surveys/{closed.pk}/analysis/?item=agree_safe&by=sex", f"/surveys/{closed.pk}/analysis/texts/?question=words",
        "/surveys/honoraria/",
    ]  # fmt: skip
    wrong = {}
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
        page = context.new_page()
        said = watch(page)
        sign_in(page, site)
        for address in pages:
            assert page.goto(site + address).status == 200, address
            found = accessible(page)
            if found or not fits(page):
                wrong[address, width, scheme] = (found, fits(page))
        assert said == []
        context.close()
    assert wrong == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_answering_saves_as_one_goes_and_goes_on_elsewhere(fielded, browser, width):
    site, survey, _, _ = fielded
    context = browser.new_context(viewport={"width": width, "height": 860})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/surveys/{survey.public_id}/")
    page.get_by_role("link", name="Begin").click()
    # By keyboard: to the last choice, which brings another question in on the next look.
    page.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("radio", name="Another one").check()
    page.get_by_text("Saved", exact=True).wait_for()

    elsewhere = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
    sign_in(elsewhere, site)
    elsewhere.goto(f"{site}/surveys/{survey.public_id}/")
    elsewhere.get_by_role("link", name="Go on where you stopped").click()
    assert elsewhere.get_by_role("radio", name="Another one").is_checked()
    elsewhere.get_by_role("textbox", name="Which one?").fill("Handover")
    elsewhere.get_by_text("Saved", exact=True).wait_for()

    page.reload()
    assert page.get_by_role("textbox", name="Which one?").input_value() == "Handover"
    page.get_by_role("combobox", name="Short").select_option("1")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="You and surveys").wait_for()

    # The connection drops; what is chosen stays on the page and is sent when it is back.
    context.set_offline(True)
    page.get_by_role("radio", name="Strongly agree").check()
    page.get_by_text("Not saved yet").wait_for()
    context.set_offline(False)
    page.get_by_text("Saved", exact=True).wait_for()

    page.go_back()
    page.get_by_role("heading", name="Topics").wait_for()
    assert page.get_by_role("combobox", name="Short").input_value() == "1"
    page.get_by_role("button", name="Next").click()
    assert page.get_by_role("radio", name="Strongly agree").is_checked()
    page.get_by_role("textbox", name="How many minutes").fill("a few")
    page.get_by_role("button", name="Cast my ballot").click()
    assert "no number" in page.get_by_role("alert").inner_text()
    page.get_by_role("textbox", name="How many minutes").fill("12")
    page.get_by_role("button", name="Cast my ballot").dblclick()
    page.get_by_role("heading", name="Your ballot is in").wait_for()
    assert page.evaluate("Object.keys(localStorage)") == []
    page.get_by_role("button", name="Keep it in this browser").click()
    (kept,) = page.evaluate("Object.keys(localStorage)")
    assert kept.endswith(f".receipt.{survey.freeze_hash}")

    from auscult.surveys.models import Ballot, BallotDraft, Turnout

    assert Turnout.objects.filter(survey_id=survey.pk).count() == 1
    assert Ballot.objects.get(survey=survey).answers == {
        "topic": "other", "which": "Handover", "rank": ["c1"], "often": "agree_strongly", "minutes": 12,
    }  # fmt: skip
    assert not BallotDraft.objects.exists()
    assert [
        line for line in said if "400" not in line and "ERR_INTERNET" not in line and "Failed to fetch" not in line
    ] == []
    context.close()


def test_what_is_answered_before_the_script_comes_is_saved_too(fielded, browser):
    site, survey, _, _ = fielded
    context = browser.new_context()
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/surveys/{survey.public_id}/")
    held = []
    page.route("**/answering*.js", lambda route: held.append(route))
    page.get_by_role("link", name="Begin").click(no_wait_after=True)
    page.get_by_role("radio", name="Another one").check()
    assert len(held) == 1
    held[0].continue_()
    page.get_by_text("Saved", exact=True).wait_for()
    assert said == []
    context.close()


def test_answering_without_javascript(fielded, browser):
    site, survey, _, _ = fielded
    context = browser.new_context(viewport={"width": 390, "height": 860}, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site}/surveys/{survey.public_id}/answer/")
    page.get_by_role("radio", name="Malpractice").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("checkbox", name="The headline").check()
    page.get_by_role("button", name="Back").click()
    assert page.get_by_role("radio", name="Malpractice").is_checked()
    page.get_by_role("button", name="Next").click()
    assert page.get_by_role("checkbox", name="The headline").is_checked()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_role("heading", name="Your ballot is in")).to_be_visible()
    context.close()


def test_designing_by_forms_with_undo(fielded, browser):
    site, _, _, draft = fielded
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/surveys/{draft.pk}/design/")
    page.evaluate("window.stillHere = true")
    first = page.get_by_role("region", name="Page 1")
    first.get_by_label("Add a question").select_option("likert")
    first.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("has no wording").first.wait_for()
    page.locator("#q1").get_by_label("Wording").fill("I sleep enough.")
    page.locator("#q1").get_by_label("Shown only if").fill("oncall is maybe")
    page.locator("#q1").get_by_role("button", name="Save question").click()
    assert "has no choice “maybe”" in page.get_by_role("alert").inner_text()
    assert page.locator("#q1").get_by_label("Wording").input_value() == "I sleep enough."
    page.locator("#q1").get_by_label("Shown only if").fill("oncall is yes")
    page.locator("#q1").get_by_role("button", name="Save question").click()
    page.get_by_text("if oncall is yes").wait_for()
    page.locator("#q1").get_by_role("button", name="Remove").click()
    page.locator("#q1").wait_for(state="detached")
    page.get_by_role("button", name="Undo").click()
    page.locator("#q1").get_by_text("I sleep enough.").first.wait_for()
    assert page.evaluate("window.stillHere")
    assert [line for line in said if "400" not in line] == []
    context.close()
