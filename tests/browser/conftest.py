"""A real Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest

from tests.database import remember

# Playwright's synchronous interface runs an event loop in this thread; the tests' own queries are not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
PASSWORD = "listen to the body"


@pytest.fixture(scope="module")  # its event loop must end before a test that runs the worker
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed; .ci/run installs it")
        pytest.skip("chromium is not installed (on Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def site(live_server, transactional_db, make_member, topics):
    """The address of a running site with a posting, its open poll with nineteen ballots, and a physician who may sign in."""
    remember("site", lambda: build_site(make_member))
    return live_server.url


def build_site(make_member):
    from auscult.community.actions.postings import PollDraft, create_posting
    from auscult.members.models import Account, Member
    from auscult.shared import clock
    from auscult.surveys.actions.answering import cast_ballot
    from auscult.surveys.questionnaire.document import Choice
    from auscult.surveys.rules import single_choice

    now = clock.now()
    until = now + timedelta(days=90)
    physician = make_member(until=until, email="physician@example.org", handle="morning-rounds")
    account = Account.objects.get(email="physician@example.org")
    account.set_password(PASSWORD)
    account.save()
    assert Member.objects.filter(pk=physician.member_id).exists()
    choices = (Choice("c1", "Payment reform"), Choice("c2", "Coverage of the uninsured"))
    author = make_member(until=until)
    posting = create_posting(
        standing=author, now=now, title="What should come first?", body="One question.", topic="health-reform",
        poll=PollDraft((single_choice("q1", "Which first?", choices),), now + timedelta(days=7)),
    )  # fmt: skip
    for index in range(19):
        cast_ballot(
            standing=make_member(until=until), now=now, survey_id=posting.survey_id, answers={"q1": f"c{index % 2 + 1}"}
        )
