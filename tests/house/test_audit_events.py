"""The check of the trail that every test goes through: it knows right from wrong, and its tables are about what there is."""

import pytest

from auscult.shared import audit
from auscult.shared.models import AuditEvent
from auscult.shared.standing import CONSOLE, Standing
from tests import audit_recorder
from tests.audit_recorder import Call, actions, expected_event, find_actions, judge, watch

ADA, BEA = Standing(member_id=7), Standing(member_id=8)
TABLES = ("SILENT", "OTHER_NAMES", "WITHOUT_ACTOR", "ONLY_IF_NEEDED")


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("voice.sign_appeal", "voice.appeal.sign"),
        ("surveys.edit_questionnaire", "surveys.questionnaire.edit"),
        ("partnerships.reply_to_agreement", "partnerships.agreement.reply"),
        ("organisations.publish_membership_claim", "organisations.membership_claim.publish"),
        ("voice.state_nobody", "voice.mandate.state"),
    ],
)
def test_an_event_is_named_after_its_action(action, event):
    assert expected_event(action) == event


@pytest.mark.parametrize(
    ("action", "events", "faults"),
    [
        ("voice.sign_appeal", [("voice.appeal.sign", 7)], []),
        ("voice.sign_appeal", [], ["voice.sign_appeal wrote no event voice.appeal.sign"]),
        (
            "voice.sign_appeal",
            [("voice.appeal.withdraw", 7)],
            [
                "voice.sign_appeal wrote voice.appeal.withdraw, not voice.appeal.sign",
                "voice.sign_appeal wrote no event voice.appeal.sign",
            ],
        ),
        (
            "voice.sign_appeal",
            [("voice.appeal.sign", 8)],
            ["voice.sign_appeal was called by 7, its event voice.appeal.sign names 8"],
        ),
        (
            "voice.sign_appeal",
            [("voice.appeal.sign", None)],
            ["voice.sign_appeal was called by 7, its event voice.appeal.sign names None"],
        ),
        ("members.vouch_for", [("members.applicant.vouch", None), ("members.claim.verify", None)], []),
        (
            "members.vouch_for",
            [("members.claim.verify", 7), ("members.applicant.vouch", None)],
            ["members.vouch_for was called by 7, its event members.claim.verify names 7"],
        ),
        ("surveys.send_invitations", [("surveys.invitation.send", 7)], []),
    ],
)
def test_the_check_knows_right_from_wrong(action, events, faults):
    assert judge(Call(action, events), 7) == faults


@pytest.mark.django_db
def test_a_wrapped_action_is_judged_by_what_it_wrote(action_faults, now):
    def sign_appeal(*, standing, now, by):
        audit.record("voice.appeal.sign", standing=by, thing="appeal:1", now=now)

    def close_appeal(*, standing, now):
        sign(standing=standing, now=now, by=standing)  # the event of another action is none of its own

    def refuse(*, standing, now):
        raise ValueError

    before = set(audit_recorder.ran)
    sign = watch("voice.sign_appeal", sign_appeal)
    sign(standing=ADA, now=now, by=ADA)
    sign(standing=CONSOLE, now=now, by=CONSOLE)
    assert action_faults == []
    assert AuditEvent.objects.count() == 2
    sign(standing=ADA, now=now, by=BEA)
    watch("voice.close_appeal", close_appeal)(standing=ADA, now=now)
    watch("voice.make_letter", sign_appeal)(standing=ADA, now=now, by=ADA)
    with pytest.raises(ValueError, match="^$"):
        watch("voice.refuse", refuse)(standing=ADA, now=now)
    found = list(action_faults)
    action_faults.clear()  # or the check would fail this test
    assert found == [
        "voice.sign_appeal was called by 7, its event voice.appeal.sign names 8",
        "voice.close_appeal wrote no event voice.appeal.close",
        "voice.make_letter is said to be silent, and wrote voice.appeal.sign",
    ]
    assert "voice.refuse" not in audit_recorder.ran
    audit_recorder.ran.intersection_update(before)


def test_every_action_is_watched_and_the_tables_name_nothing_else():
    assert len(actions) > 150
    unwatched = [name for name, function in find_actions().items() if not hasattr(function, "__wrapped__")]
    assert unwatched == []
    for table in TABLES:
        assert set(getattr(audit_recorder, table)) <= actions, table
    # An entry for a name that follows from the action's would hide the rule.
    for action in audit_recorder.OTHER_NAMES:
        given = expected_event(action)
        room, _, name = action.partition(".")
        verb, *noun = name.split("_")
        assert given != f"{room}.{'_'.join(noun)}.{verb}"
