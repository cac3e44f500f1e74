"""The table route × who → status, executed. A new route fails until it stands here."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from auscult.community.actions.postings import PollDraft, create_posting
from auscult.members.models import Account, Member
from auscult.organisations.actions import add_organisation
from auscult.shared.models import Topic
from auscult.shared.standing import CONSOLE, Level
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice
from auscult.voice.actions.appeals import AddresseeDraft, draft_appeal

pytestmark = pytest.mark.django_db

WHO = ("reader", "newcomer", "registered", "member", "verifier", "editor")
# 302: sent to the log-in. 404: there is none, or it is not for you; the two look alike.
GET = {
    "web:home": (200, 200, 200, 200, 200, 200),
    "web:health": (200, 200, 200, 200, 200, 200),
    "web:components": (200, 200, 200, 200, 200, 200),
    "web:mail": (200, 200, 200, 200, 200, 200),
    "registry:frame-read": (200, 200, 200, 200, 200, 200),
    "community:feed-read": (302, 403, 200, 200, 403, 403),
    "community:topic-read": (302, 403, 200, 200, 403, 403),
    "community:posting-create": (302, 403, 403, 200, 403, 403),
    "community:posting-read": (302, 403, 200, 200, 403, 403),
    "community:poll-read": (302, 403, 302, 302, 403, 403),
    "community:ranking-read": (302, 403, 200, 200, 403, 403),
    "community:draft-list": (302, 200, 200, 200, 200, 200),
    "community:posting-edit": (302, 403, 404, 404, 403, 403),
    "community:posting-pictures": (302, 403, 404, 404, 403, 403),
    "community:posting-history": (302, 403, 200, 200, 403, 403),
    "community:comment-create": (302, 403, 200, 200, 403, 403),
    "community:comment-edit": (302, 403, 404, 404, 403, 403),
    "community:search-read": (302, 403, 200, 200, 403, 403),
    "community:colleague-read": (302, 403, 404, 404, 403, 403),
    "community:connection-list": (302, 200, 200, 200, 200, 200),
    "community:notification-list": (302, 200, 200, 200, 200, 200),
    "community:wishes-set": (302, 200, 200, 200, 200, 200),
    "community:notification-open": (404, 404, 404, 404, 404, 404),
    "community:unsubscribe": (200, 200, 200, 200, 200, 200),
    "community:words-flag": (302, 403, 403, 200, 403, 403),
    "community:moderation-queue": (302, 404, 404, 404, 404, 404),
    "community:decision-read": (302, 404, 404, 404, 404, 404),
    "community:moderation-log": (200, 200, 200, 200, 200, 200),
    "community:moderation-figures": (200, 200, 200, 200, 200, 200),
    "community:rules-read": (200, 200, 200, 200, 200, 200),
    "community:case-create": (302, 403, 403, 200, 403, 403),
    "community:case-edit": (404, 404, 404, 404, 404, 404),
    "community:draft-pictures": (404, 404, 404, 404, 404, 404),
    "community:picture-read": (404, 404, 404, 404, 404, 404),
    "community:case-solve": (302, 403, 404, 404, 403, 403),
    "surveys:survey-list": (302, 403, 200, 200, 403, 403),
    "surveys:survey-draft": (302, 403, 403, 200, 403, 403),
    "surveys:questionnaire-schema": (200, 200, 200, 200, 200, 200),
    "surveys:honoraria-read": (302, 200, 200, 200, 200, 200),
    "surveys:unsubscribe": (200, 200, 200, 200, 200, 200),
    "surveys:survey-read": (302, 404, 200, 200, 404, 404),
    "surveys:survey-answer": (302, 404, 403, 200, 404, 404),
    "surveys:ballot-read": (404, 404, 404, 404, 404, 404),
    # What somebody else, or a researcher, runs.
    "surveys:survey-design": (404, 404, 404, 404, 404, 404),
    "surveys:plan-edit": (404, 404, 404, 404, 404, 404),
    "surveys:preview-read": (404, 404, 404, 404, 404, 404),
    "surveys:preview-page-read": (404, 404, 404, 404, 404, 404),
    "surveys:dry-run-read": (404, 404, 404, 404, 404, 404),
    "surveys:questionnaire-export": (404, 404, 404, 404, 404, 404),
    "surveys:fieldwork-read": (404, 404, 404, 404, 404, 404),
    "surveys:ledger-read": (404, 404, 404, 404, 404, 404),
    "surveys:analysis-read": (404, 404, 404, 404, 404, 404),
    "surveys:chart-read": (404, 404, 404, 404, 404, 404),
    "surveys:table-read": (404, 404, 404, 404, 404, 404),
    "surveys:texts-read": (404, 404, 404, 404, 404, 404),
    "surveys:export-read": (404, 404, 404, 404, 404, 404),
    "surveys:receipt-read": (404, 404, 404, 404, 404, 404),
    "publishing:release-list": (200, 200, 200, 200, 200, 200),
    "publishing:release-publish": (302, 404, 404, 404, 404, 200),
    "publishing:release-of-survey": (404, 404, 404, 404, 404, 404),
    "publishing:release-read": (404, 404, 404, 404, 404, 404),
    "publishing:release-json": (404, 404, 404, 404, 404, 404),
    "publishing:bundle-read": (404, 404, 404, 404, 404, 404),
    "publishing:record-read": (200, 200, 200, 200, 200, 200),
    "publishing:checkpoint-read": (404, 404, 404, 404, 404, 404),
    "publishing:entry-read": (404, 404, 404, 404, 404, 404),
    "publishing:extract-read": (404, 404, 404, 404, 404, 404),
    "publishing:check-read": (200, 200, 200, 200, 200, 200),
    "web:tour": (404, 404, 404, 404, 404, 404),
    "web:own-read": (302, 200, 200, 200, 200, 200),
    "web:organisation-list": (200, 200, 200, 200, 200, 200),
    "web:organisation-read": (200, 200, 200, 200, 200, 200),
    "web:membership-read": (200, 200, 200, 200, 200, 200),
    "voice:mandate-list": (200, 200, 200, 200, 200, 200),
    "voice:mandate-read": (200, 200, 200, 200, 200, 200),
    "voice:mandate-json": (200, 200, 200, 200, 200, 200),
    "voice:position-list": (200, 200, 200, 200, 200, 200),
    "voice:position-state": (302, 403, 403, 403, 403, 200),
    "voice:position-read": (404, 404, 404, 404, 404, 404),
    "voice:appeal-list": (200, 200, 200, 200, 200, 200),
    "voice:appeal-draft": (302, 403, 403, 200, 403, 403),
    # A draft: its author, and those who may co-sign or decide.
    "voice:appeal-read": (404, 404, 404, 200, 404, 404),
    "voice:appeal-changes": (404, 404, 404, 404, 404, 404),
    "voice:letter-read": (404, 404, 404, 404, 404, 404),
    "voice:issue-list": (200, 200, 200, 200, 200, 200),
    "voice:issue-open": (302, 403, 403, 200, 403, 200),
    "voice:issue-read": (404, 404, 404, 404, 404, 404),
    "partnerships:agreement-list": (200, 200, 200, 200, 200, 200),
    "partnerships:agreement-propose": (302, 403, 403, 403, 403, 403),
    "partnerships:agreement-read": (404, 404, 404, 404, 404, 404),
    "partnerships:access-read": (404, 404, 404, 404, 404, 404),
    "members:figures-read": (200, 200, 200, 200, 200, 200),
    "members:vouch": (302, 403, 403, 200, 403, 403),
    "members:recover": (200, 302, 302, 302, 302, 302),
    "members:sheet-read": (302, 404, 404, 404, 404, 404),
    "members:unmaskings-read": (302, 404, 404, 404, 404, 404),
    "web:data-read": (302, 200, 200, 200, 200, 200),
    "web:data-export": (302, 200, 200, 200, 200, 200),
    "members:verification-read": (302, 200, 200, 200, 200, 200),
    "members:queue-read": (302, 404, 404, 404, 200, 404),
    "members:claim-read": (302, 404, 404, 404, 404, 404),
    "members:document-read": (302, 404, 404, 404, 404, 404),
}
POST = {
    "community:posting-create": (403, 403, 403, 400, 403, 403),
    "community:ballot-cast": (403, 403, 403, 400, 403, 403),
    "community:comment-create": (403, 403, 403, 400, 403, 403),
    "community:usefulness-rate": (403, 403, 403, 400, 403, 403),
    "community:topic-follow": (403, 403, 302, 302, 403, 403),
    "community:words-preview": (403, 403, 200, 200, 403, 403),
    "community:draft-save": (403, 403, 400, 400, 403, 403),
    "community:draft-discard": (404, 404, 404, 404, 404, 404),
    "community:posting-edit": (403, 403, 404, 404, 403, 403),
    "community:posting-retract": (403, 403, 404, 404, 403, 403),
    "community:posting-tie": (403, 403, 302, 302, 403, 403),
    "community:comment-edit": (403, 403, 404, 404, 403, 403),
    "community:comment-retract": (403, 403, 404, 404, 403, 403),
    "community:member-mute": (403, 403, 404, 404, 403, 403),
    "community:connection-list": (403, 403, 403, 400, 403, 403),
    "community:connection-end": (403, 403, 404, 404, 403, 403),
    "community:notifications-see": (403, 302, 302, 302, 302, 302),
    "community:wishes-set": (403, 400, 400, 400, 400, 400),
    "community:unsubscribe": (404, 404, 404, 404, 404, 404),
    "community:words-flag": (403, 403, 403, 400, 403, 403),
    "community:measure-take": (403, 404, 404, 404, 404, 404),
    "community:moderation-queue": (403, 404, 404, 404, 404, 404),
    "community:decision-read": (403, 404, 404, 404, 404, 404),
    "community:appeal-decide": (403, 404, 404, 404, 404, 404),
    "community:case-create": (403, 403, 403, 302, 403, 403),
    "community:case-edit": (403, 403, 404, 404, 403, 403),
    "community:finding-answer": (404, 404, 404, 404, 404, 404),
    "community:draft-pictures": (404, 404, 404, 404, 404, 404),
    "community:picture-cover": (404, 404, 404, 404, 404, 404),
    "community:case-publish": (404, 404, 404, 404, 404, 404),
    "community:case-solve": (403, 403, 404, 404, 403, 403),
    "surveys:survey-draft": (403, 403, 403, 400, 403, 403),
    "surveys:wish-set": (403, 403, 400, 400, 403, 403),
    "surveys:unsubscribe": (404, 404, 404, 404, 404, 404),
    "surveys:survey-answer": (403, 404, 403, 302, 404, 404),
    "surveys:answers-save": (404, 404, 403, 200, 404, 404),
    "surveys:ballot-withdraw": (404, 404, 403, 409, 404, 404),
    "surveys:survey-decline": (404, 404, 409, 409, 404, 404),
    "surveys:survey-copy": (403, 403, 403, 302, 403, 403),
    "surveys:survey-extend": (400, 404, 404, 404, 404, 404),
    "surveys:payouts-list": (403, 403, 403, 403, 403, 403),
    "surveys:honoraria-pay": (403, 404, 404, 404, 404, 404),
    "surveys:survey-design": (404, 404, 404, 404, 404, 404),
    "surveys:plan-edit": (404, 404, 404, 404, 404, 404),
    "surveys:draft-discard": (404, 404, 404, 404, 404, 404),
    "surveys:survey-open": (404, 404, 404, 404, 404, 404),
    "surveys:invitations-send": (404, 404, 404, 404, 404, 404),
    "surveys:reminders-send": (404, 404, 404, 404, 404, 404),
    "surveys:survey-pause": (404, 404, 404, 404, 404, 404),
    "surveys:survey-resume": (404, 404, 404, 404, 404, 404),
    "surveys:deviation-note": (404, 404, 404, 404, 404, 404),
    "surveys:survey-close": (404, 404, 404, 404, 404, 404),
    "surveys:honoraria-approve": (404, 404, 404, 404, 404, 404),
    "surveys:honorarium-refuse": (404, 404, 404, 404, 404, 404),
    "surveys:texts-code": (404, 404, 404, 404, 404, 404),
    "publishing:release-publish": (403, 404, 404, 404, 404, 404),
    "publishing:release-reply": (404, 404, 404, 404, 404, 404),
    "web:membership-reply": (403, 403, 403, 403, 403, 403),
    "web:membership-claim-publish": (400, 400, 400, 400, 400, 400),
    "web:quoted-share-note": (400, 400, 400, 400, 400, 400),
    "web:affiliation-declare": (403, 403, 403, 302, 403, 403),
    "voice:mandate-state": (400, 400, 400, 400, 400, 400),
    "voice:mandate-revoke": (403, 409, 409, 409, 409, 409),
    "voice:position-state": (400, 403, 403, 403, 403, 400),
    "voice:position-compare": (403, 404, 404, 404, 404, 404),
    "voice:position-reply": (404, 404, 404, 404, 404, 404),
    "voice:appeal-draft": (403, 403, 403, 400, 403, 403),
    "voice:appeal-sign": (404, 404, 404, 409, 404, 404),
    "voice:appeal-withdraw": (403, 404, 404, 404, 404, 404),
    "voice:appeal-amend": (404, 404, 404, 403, 404, 404),
    "voice:appeal-moderate": (403, 404, 404, 403, 404, 404),
    "voice:appeal-close": (404, 404, 404, 403, 404, 404),
    "voice:appeal-end": (404, 404, 404, 403, 404, 404),
    "voice:appeal-deliver": (404, 404, 404, 404, 404, 404),
    "voice:appeal-answer": (404, 404, 404, 404, 404, 404),
    "voice:issue-open": (403, 403, 403, 400, 403, 400),
    "voice:issue-step": (400, 404, 404, 404, 404, 404),
    "voice:issue-remove": (404, 404, 404, 404, 404, 404),
    "voice:issue-close": (404, 404, 404, 404, 404, 404),
    "partnerships:agreement-propose": (403, 403, 403, 403, 403, 403),
    "partnerships:agreement-ratify": (404, 404, 404, 404, 404, 404),
    "partnerships:agreement-decline": (404, 404, 404, 404, 404, 404),
    "partnerships:notice-give": (400, 404, 404, 404, 404, 404),
    "partnerships:agreement-reply": (404, 404, 404, 404, 404, 404),
    "partnerships:occurrence-step": (404, 404, 404, 404, 404, 404),
    "partnerships:grant-read": (404, 404, 404, 404, 404, 404),
    "members:claim-submit": (403, 400, 400, 409, 400, 400),
    "members:claim-withdraw": (403, 404, 404, 404, 404, 404),
    "members:email-offer": (404, 404, 404, 404, 404, 404),
    "members:code-ask": (400, 400, 400, 400, 400, 400),
    "members:code-confirm": (400, 400, 400, 400, 400, 400),
    "members:meeting-ask": (400, 400, 400, 400, 400, 400),
    "members:vouchers-invite": (404, 404, 404, 404, 404, 404),
    "members:training-claim": (403, 400, 400, 400, 400, 400),
    "members:assurance-ask": (403, 403, 403, 403, 403, 403),
    "members:decision-appeal": (403, 400, 400, 400, 400, 400),
    "members:vouch": (403, 403, 403, 404, 403, 403),
    "members:recover": (400, 302, 302, 302, 302, 302),
    "members:code-send": (403, 404, 404, 404, 404, 404),
    "members:unmasking-ask": (403, 404, 404, 404, 404, 404),
    "members:unmasking-decide": (403, 404, 404, 404, 404, 404),
    "members:identity-reveal": (403, 404, 404, 404, 404, 404),
    "web:identity-correct": (403, 409, 409, 409, 409, 409),
    "web:membership-withdraw": (403, 400, 400, 400, 400, 400),
    "web:account-erase": (403, 400, 400, 400, 400, 400),
    "members:document-offer": (400, 400, 400, 400, 400, 400),
    "members:handle-choose": (403, 403, 403, 409, 403, 403),
    "members:evidence-settle": (403, 404, 404, 404, 404, 404),
    "members:claim-decide": (403, 404, 404, 404, 404, 404),
    # Last: it takes the member's vote away.
    "members:retire": (403, 409, 409, 302, 409, 409),
}


#: Arguments of the newer routes; a number that is not there, but for the draft of the fixture.
NEEDS = {
    "web:organisation-read": ("slug",),
    "web:membership-read": ("slug",),
    "web:membership-reply": ("slug",),
    "web:membership-claim-publish": ("slug",),
    "web:affiliation-declare": ("slug",),
    "web:quoted-share-note": ("slug",),
    **dict.fromkeys(
        ["voice:mandate-read", "voice:mandate-json", "voice:mandate-state", "voice:mandate-revoke"], ("topic",)
    ),
    **dict.fromkeys(["voice:position-read", "voice:position-compare", "voice:position-reply"], ("position_id",)),
    "voice:appeal-changes": ("appeal_id", "old", "new"),
    **dict.fromkeys(
        [f"voice:appeal-{verb}" for verb in ("read", "sign", "withdraw", "amend", "moderate", "close", "end")],
        ("appeal_id",),
    ),
    "voice:appeal-deliver": ("addressee_id",),
    "voice:appeal-answer": ("delivery_id",),
    "voice:letter-read": ("delivery_id",),
    **dict.fromkeys(["voice:issue-read", "voice:issue-step", "voice:issue-remove", "voice:issue-close"], ("issue_id",)),
    **dict.fromkeys(
        [
            f"partnerships:{name}"
            for name in (
                "agreement-read",
                "agreement-ratify",
                "agreement-decline",
                "notice-give",
                "agreement-reply",
                "access-read",
            )
        ],
        ("agreement_id",),
    ),
    "partnerships:occurrence-step": ("occurrence_id",),
    "partnerships:grant-read": ("grant_id",),
}
OF_THE_DRAFT = {route for route, parts in NEEDS.items() if "appeal_id" in parts}


def our_routes():
    for entry in get_resolver().url_patterns:
        for pattern in getattr(entry, "url_patterns", []):
            if getattr(entry, "app_name", None):
                yield f"{entry.app_name}:{pattern.name}"


def test_the_tables_name_every_route():
    assert set(our_routes()) == set(GET) | set(POST)


@pytest.fixture
def clients(make_member, topics, now, settings):
    """A client for each who, and a posting with an open poll."""
    settings.CLOCK_BEHIND = timedelta(0)
    from auscult.shared import clock

    present = clock.now()
    member = make_member(until=present + timedelta(days=90))
    standings = {
        "newcomer": make_member(level=Level.L0),
        "registered": make_member(level=Level.L1),
        "member": member,
        "verifier": make_member(level=Level.L0, roles=("verifier",)),
        "editor": make_member(level=Level.L0, roles=("editor",)),
    }
    author = make_member(until=present + timedelta(days=90))
    question = single_choice("q1", "?", (Choice("a", "A"), Choice("b", "B")))
    posting = create_posting(
        standing=author, now=present, title="t", body="b", topic=Topic.objects.first().slug,
        poll=PollDraft((question,), present + timedelta(days=1)),
    )  # fmt: skip
    add_organisation(standing=CONSOLE, now=present, slug="society", name="Example Society", kind="association")
    draft_appeal(
        standing=author, now=present, title="t", topic=posting.topic.slug, preamble="", clauses=["Do it."],
        addressees=[AddresseeDraft("Somebody", "letter")],
    )  # fmt: skip
    found = {"reader": Client()}
    for who, standing in standings.items():
        found[who] = Client()
        found[who].force_login(Account.objects.get(pk=Member.objects.get(pk=standing.member_id).account_id))
    return found, posting


def arguments(route, posting):
    from auscult.voice.models import Appeal

    if "slug" in (parts := NEEDS.get(route, ())):
        return {"slug": "society"}
    if parts:
        numbers = dict.fromkeys(parts, 99)
        if "topic" in parts:
            numbers["topic"] = posting.topic.slug
        if route in OF_THE_DRAFT:
            numbers["appeal_id"] = Appeal.objects.get().pk
        return numbers
    if route.startswith("surveys:"):
        return survey_arguments(route, posting)
    needed = {
        "publishing:release-of-survey": {"public_id": posting.survey.public_id},
        "publishing:entry-read": {"index": 99},
    }
    if route in needed:
        return needed[route]
    if route.startswith("community:"):
        return community_arguments(route.split(":")[1], posting)
    if route.split(":")[1] in {"release-read", "release-json", "bundle-read", "release-reply"}:
        return {"number": 99}
    if route == "web:data-export":
        return {"kind": "json"}
    if route in {"members:unmasking-decide", "members:identity-reveal"}:
        return {"unmasking_id": 99}
    if route == "members:sheet-read":
        return {"claim_id": 99, "kind": "call_back"}
    if route.split(":")[1] in {"claim-read", "document-read", "evidence-settle", "claim-decide", "code-send"}:
        return {"claim_id": 99}
    return {}


#: Routes of the community that are about no posting.
WITHOUT_POSTING = {
    "feed-read", "ranking-read", "posting-create", "words-preview", "draft-list", "draft-save",
    "notification-list", "notifications-see", "wishes-set",
    "moderation-queue", "moderation-log", "moderation-figures", "rules-read",
    "search-read", "connection-list",
    "case-create",
}  # fmt: skip


def community_arguments(name, posting):
    """The posting of somebody else, and a comment that is not there."""
    if name in WITHOUT_POSTING:
        return {}
    special = {
        "topic-read": {"topic": posting.topic.slug},
        "topic-follow": {"topic": posting.topic.slug},
        "draft-discard": {"draft_id": 99},
        "posting-tie": {"posting_id": posting.pk, "verb": "follow"},
        **{key: {"handle": "no-such-handle"} for key in ("colleague-read", "member-mute")},
        "connection-end": {"connection_id": 99},
        "notification-open": {"notification_id": 99},
        "unsubscribe": {"token": "x"},
        "decision-read": {"decision_id": 99},
        "appeal-decide": {"decision_id": 99},
        **{key: {"draft_id": 99} for key in ("case-edit", "finding-answer", "draft-pictures", "case-publish")},
        **{key: {"public_id": "00000000-0000-4000-8000-000000000000"} for key in ("picture-read", "picture-cover")},
    }
    if name in special:
        return special[name]
    if name in {"comment-edit", "comment-retract"}:
        return {"posting_id": posting.pk, "number": 99}
    return {"posting_id": posting.pk}


#: Routes of surveys by the number in their address; the others have the public one.
BY_NUMBER = {
    "survey-design", "plan-edit", "preview-read", "preview-page-read", "dry-run-read", "questionnaire-export", "survey-copy",
    "draft-discard", "survey-open", "fieldwork-read", "invitations-send", "reminders-send", "survey-pause", "survey-resume",
    "survey-extend", "deviation-note", "survey-close", "ledger-read", "honoraria-approve", "honorarium-refuse",
    "honoraria-pay", "payouts-list", "analysis-read", "chart-read", "table-read", "texts-read", "texts-code", "export-read",
}  # fmt: skip


def survey_arguments(route, posting):
    """The open poll of somebody else."""
    name = route.split(":")[1]
    if name == "unsubscribe":
        return {"token": "x"}
    if name in {"survey-list", "survey-draft", "questionnaire-schema", "wish-set", "honoraria-read"}:
        return {}
    if name in BY_NUMBER:
        return {"survey_id": posting.survey_id} | ({"kind": "csv"} if name == "export-read" else {})
    return {"public_id": posting.survey.public_id}


@pytest.mark.parametrize(("method", "table"), [("get", GET), ("post", POST)])
def test_every_route_answers_each_who_as_the_table_says(clients, method, table):
    people, posting = clients
    wrong = {}
    for route, statuses in table.items():
        address = reverse(route, kwargs=arguments(route, posting))
        for who, status in zip(WHO, statuses, strict=True):
            answer = getattr(people[who], method)(address)
            if answer.status_code != status:
                wrong[f"{method} {route} as {who}"] = (answer.status_code, status)
            assert answer.status_code != 500
    assert wrong == {}


def test_what_only_posts_is_not_got(clients):
    people, posting = clients
    for route in set(POST) - set(GET):
        assert people["member"].get(reverse(route, kwargs=arguments(route, posting))).status_code == 405


def test_a_form_from_elsewhere_is_refused(clients):
    _, posting = clients
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(reverse("community:ballot-cast", kwargs={"posting_id": posting.pk}), {"answer_q1": "a"})
    assert answer.status_code == 403
    assert b"reload the page" in answer.content


def test_every_page_carries_the_strict_policy(clients):
    people, _ = clients
    answer = people["member"].get("/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
