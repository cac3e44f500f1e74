"""Flags, measures with their reasons, appeals; a moderator's power in a session of limited time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from auscult.community import access
from auscult.community.actions.previews import forget_previews
from auscult.community.actions.threads import split_thread
from auscult.community.models import (
    Comment,
    Decision,
    Flag,
    ModerationAppeal,
    Notification,
    Picture,
    Posting,
    Revision,
    Sanction,
    StaffSession,
)
from auscult.community.rules import moderation as rules
from auscult.community.rules.moderation import AppealOutcome, FlagReason, Measure, Rule, WordsState
from auscult.community.rules.notifying import Kind
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import Conflict, NotAllowed, NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


class CannotFlagWords(Refused):
    """The flag was not taken."""


class CannotBeginSession(Refused):
    """The session was not begun."""


class CannotTakeMeasure(Refused):
    """The measure was not taken."""


class CannotAppealDecision(Refused):
    """The appeal was not taken."""


class CannotDecideAppeal(Refused):
    """The appeal was not decided."""


def begin_staff_session(*, standing: Standing, now: datetime, reason: str) -> StaffSession:
    """Take up a moderator's power for an hour, with a written reason.

    Who may: a moderator.

    Raises:
        NotFound: no moderator.
        CannotBeginSession: the reason says too little.
    """
    access.require_moderator(standing)
    if len(reason.strip()) < rules.SHORTEST_REASON:
        raise CannotBeginSession("Write what you are going to do, in a few words; it is kept with what you decide.")
    with transaction.atomic():
        member = standing.require_member()
        StaffSession.objects.filter(member_id=member, ends_at__gt=now).update(ends_at=now)
        session = StaffSession.objects.create(
            member_id=member, reason=reason.strip()[:300], began_at=now, ends_at=now + rules.SESSION
        )
        audit.record("community.session.begin", standing=standing, thing=f"session:{session.pk}", now=now)
    return session


def end_staff_session(*, standing: Standing, now: datetime) -> None:
    """Lay a moderator's power down.

    Raises:
        NotFound: no moderator.
    """
    access.require_moderator(standing)
    with transaction.atomic():
        StaffSession.objects.filter(member_id=standing.require_member(), ends_at__gt=now).update(ends_at=now)
        audit.record("community.session.end", standing=standing, thing=f"member:{standing.member_id}", now=now)


def flag_words(
    *, standing: Standing, now: datetime, posting_id: int, number: int | None, reason: str, words: str
) -> bool:
    """Flag a posting or a comment. A case that may show a patient is hidden at once.

    Who may: a verified member, not on own words. What follows: it stands in the moderators' queue; who flagged is not shown.

    Returns:
        Whether the words are hidden until a moderator has looked.

    Raises:
        NotAllowed: not verified.
        NotFound: no such words.
        Conflict: they were taken down already.
        CannotFlagWords: own words, no reason, or flagged before.
    """
    if reason not in set(FlagReason):
        raise CannotFlagWords("Choose a reason.")
    if reason == FlagReason.OTHER and len(words.strip()) < rules.SHORTEST_REASON:
        raise CannotFlagWords("Say in a few words what is wrong.")
    with transaction.atomic():
        standing.require(Permission.WORDS_FLAG, "Only members whose verification is valid report words.")
        posting = access.load_posting_to_read(standing, posting_id, lock=True)
        comment = _comment(posting, number)
        target: Posting | Comment = comment or posting
        if target.author_id == standing.member_id:
            raise CannotFlagWords("These are your own words: you can edit them or take them back.")
        if target.state != WordsState.PUBLISHED:
            raise Conflict("These words were taken down already.")
        member = standing.require_member()
        if Flag.objects.filter(posting=posting, comment=comment, member_id=member, decision=None).exists():
            raise CannotFlagWords("You have reported this; a moderator will look.")
        dismissed = [
            measure == Measure.KEEP
            for measure in Flag.objects.filter(member_id=member, decision__isnull=False)
            .order_by("-pk")
            .values_list("decision__measure", flat=True)[: rules.FLAGS_LOOKED_AT]
        ]
        Flag.objects.create(
            posting=posting, comment=comment, member_id=member, reason=reason, words=words.strip()[:500], flagged_at=now
        )
        hides = rules.hides_at_once(reason, bool(posting.case_state) and comment is None, dismissed)
        if hides:
            Posting.objects.filter(pk=posting.pk).update(state=WordsState.HIDDEN)
            _tell(
                posting.author_id,
                Kind.DECISION,
                posting,
                None,
                "A colleague reported that your case may tell who the patient is. It is hidden until a moderator has looked.",
                now,
            )
        audit.record(
            "community.words.flag", standing=standing, thing=f"posting:{posting.pk}", now=now, reason=reason, hid=hides
        )
    return hides


def _comment(posting: Posting, number: int | None) -> Comment | None:
    if number is None:
        return None
    found = (
        Comment.objects.select_for_update(of=("self",)).defer("search").filter(posting=posting, number=number).first()
    )
    if found is None:
        raise NotFound
    return found


def _tell(
    member: int,
    kind: Kind,
    posting: Posting,
    comment: Comment | None,
    text: str,
    now: datetime,
    decision: Decision | None = None,
) -> None:
    Notification.objects.create(
        member_id=member,
        kind=kind,
        posting=posting,
        comment=comment,
        decision=decision,
        text=text,
        made_at=now,
        mail_due=True,
    )


@dataclass(frozen=True)
class Details:
    """What some measures need more.

    Attributes:
        slow_seconds: for ``slow``.
        topic: slug, for ``move``.
        title: of the new thread, for ``split``.
    """

    slow_seconds: int = 0
    topic: str = ""
    title: str = ""


def take_measure(
    *,
    standing: Standing,
    now: datetime,
    posting_id: int,
    number: int | None,
    measure: str,
    rule: str,
    passage: str,
    reason: str,
    details: Details | None = None,
) -> Decision:
    """Decide about words: with the rule, the passage and a reason; open flags on them are settled.

    Who may: a moderator in an open session, never on own words. What follows: the author is told what, why and how to
    appeal; whoever breaks a rule of conduct is sanctioned by ``rules.sanction``.

    Raises:
        NotFound: no moderator, or no such words.
        CannotTakeMeasure: no session, own words, no rule or reason, or a measure that does not fit.
    """
    access.require_moderator(standing)
    if measure not in set(Measure) or rule not in set(Rule):
        raise CannotTakeMeasure("Choose a measure and a rule.")
    if len(reason.strip()) < rules.SHORTEST_REASON:
        raise CannotTakeMeasure("Write why, in a sentence that its author can answer.")
    with transaction.atomic():
        session = _session(standing, now)
        posting = access.load_posting_to_read(standing, posting_id, lock=True)
        comment = _comment(posting, number)
        target: Posting | Comment = comment or posting
        if target.author_id == standing.member_id:
            raise CannotTakeMeasure("These are your own words; another moderator decides.")
        if measure in rules.TAKING and rule not in rules.HARMLESS and not passage.strip():
            raise CannotTakeMeasure("Quote the passage that the rule was applied to.")
        earliest = _open_flags(posting, comment).order_by("flagged_at").values_list("flagged_at", flat=True).first()
        decision = Decision.objects.create(
            posting=posting,
            comment=comment,
            author_id=target.author_id,
            moderator_id=standing.require_member(),
            session=session,
            measure=measure,
            rule=rule,
            passage="" if measure == Measure.PURGE else passage.strip()[:2000],
            reason=reason.strip()[:2000],
            flagged_at=earliest,
            decided_at=now,
        )
        _carry_out(standing, now, decision, posting, comment, details or Details())
        _open_flags(posting, comment).update(decision=decision)
        if measure in rules.TAKING and rule not in rules.HARMLESS:
            _sanction(decision, now)
        if measure != Measure.KEEP or earliest is not None:
            _tell(target.author_id, Kind.DECISION, posting, comment, statement(decision), now, decision)
        audit.record(
            "community.measure.take",
            standing=standing,
            thing=f"decision:{decision.pk}",
            now=now,
            measure=measure,
            rule=rule,
        )
    return decision


def statement(decision: Decision) -> str:
    """The statement of reasons that the author gets, in one paragraph; reads only."""
    what = "your comment" if decision.comment_id else "your posting"
    return (
        f"{rules.MEASURE_WORDS[Measure(decision.measure)]}: a moderator decided this about {what}. Rule “{decision.rule}”. "
        f"Reason: {decision.reason} You can appeal; somebody else decides."
    )


def _session(standing: Standing, now: datetime) -> StaffSession:
    found = StaffSession.objects.filter(member_id=standing.require_member(), ends_at__gt=now, began_at__lte=now).first()
    if found is None:
        raise CannotTakeMeasure("Your session is over. Begin one with a reason; what you wrote stands in the form.")
    return found


def _open_flags(posting: Posting, comment: Comment | None) -> QuerySet[Flag]:
    return Flag.objects.filter(posting=posting, comment=comment, decision=None)


def _carry_out(
    standing: Standing,
    now: datetime,
    decision: Decision,
    posting: Posting,
    comment: Comment | None,
    details: Details,
) -> None:
    measure = Measure(decision.measure)
    words = Comment.objects.filter(pk=comment.pk) if comment else Posting.objects.filter(pk=posting.pk)
    thread = Posting.objects.filter(pk=posting.pk)
    match measure:
        case Measure.KEEP:
            words.filter(state=WordsState.HIDDEN).update(state=WordsState.PUBLISHED)
        case Measure.REMOVE:
            words.update(state=WordsState.REMOVED)
        case Measure.PURGE:
            _purge(posting, comment)
        case Measure.LOCK:
            thread.update(locked_at=now)
        case Measure.UNLOCK:
            thread.update(locked_at=None)
        case Measure.SLOW:
            if not 0 <= details.slow_seconds <= 86_400:
                raise CannotTakeMeasure("Slow mode is 0 seconds (off) to a day.")
            thread.update(slow_seconds=details.slow_seconds)
        case Measure.MOVE:
            topic = Topic.objects.filter(slug=details.topic).first()
            if topic is None:
                raise CannotTakeMeasure("Choose the topic it belongs to.")
            thread.update(topic=topic)
        case Measure.SPLIT:
            if comment is None or not details.title.strip():
                raise CannotTakeMeasure("Choose the comment that begins the new thread, and give the thread a title.")
            split_thread(standing=standing, now=now, comment=comment, title=details.title.strip()[:160])


PURGED_TITLE = "Removed"


def _purge(posting: Posting, comment: Comment | None) -> None:
    gone = {"body": "", "html": "", "state": WordsState.PURGED}
    if comment:
        Comment.objects.filter(pk=comment.pk).update(**gone)
        Revision.objects.filter(comment=comment).delete()
        Decision.objects.filter(comment=comment).update(passage="")
        Flag.objects.filter(comment=comment).update(words="")
        return
    forget_previews(Posting.objects.values_list("html", flat=True).get(pk=posting.pk))
    Posting.objects.filter(pk=posting.pk).update(**gone, title=PURGED_TITLE, kept_findings={}, picture_count=0)
    Revision.objects.filter(posting=posting).delete()
    Picture.objects.filter(posting=posting).delete()
    Decision.objects.filter(posting=posting, comment=None).update(passage="")
    Flag.objects.filter(posting=posting, comment=None).update(words="")


def _sanction(decision: Decision, now: datetime) -> None:
    before = list(
        Sanction.objects.filter(member_id=decision.author_id, lifted_at=None).values_list("begins_at", flat=True)
    )
    step, kind, until = rules.sanction(before, now)
    Sanction.objects.create(
        member_id=decision.author_id, decision=decision, kind=kind, step=step, begins_at=now, ends_at=until
    )


def appeal_decision(*, standing: Standing, now: datetime, decision_id: int, text: str) -> ModerationAppeal:
    """Appeal a decision about one's words; somebody else than its moderator decides.

    Who may: the author, once, within six months.

    Raises:
        NotFound: no such decision, or not about one's own words.
        CannotAppealDecision: too late, a second time, nothing said, or nothing was taken.
    """
    with transaction.atomic():
        decision = (
            Decision.objects.select_for_update().filter(pk=decision_id, author_id=standing.member_id or 0).first()
        )
        if decision is None:
            raise NotFound
        if decision.measure == Measure.KEEP:
            raise CannotAppealDecision("Your words were kept; there is nothing to appeal.")
        if now - decision.decided_at > timedelta(days=rules.APPEAL_DAYS):
            raise CannotAppealDecision(f"Appeals are taken for {rules.APPEAL_DAYS} days after a decision.")
        if len(text.strip()) < rules.SHORTEST_REASON:
            raise CannotAppealDecision("Write why the decision is wrong.")
        if ModerationAppeal.objects.filter(decision=decision).exists():
            raise CannotAppealDecision("You have appealed this decision.")
        appeal = ModerationAppeal.objects.create(decision=decision, text=text.strip()[:5000], appealed_at=now)
        audit.record("community.decision.appeal", standing=standing, thing=f"decision:{decision_id}", now=now)
    return appeal


def decide_appeal(*, standing: Standing, now: datetime, decision_id: int, outcome: str, reason: str) -> None:
    """Decide an appeal: uphold the decision, or overturn it; then words come back and sanctions end.

    Who may: a moderator in an open session who neither decided first nor wrote the words.

    Raises:
        NotFound: no moderator, or no open appeal.
        NotAllowed: the one who decided, or wrote.
        CannotDecideAppeal: no outcome or reason.
        CannotTakeMeasure: no session.
    """
    access.require_moderator(standing)
    if outcome not in set(AppealOutcome) or len(reason.strip()) < rules.SHORTEST_REASON:
        raise CannotDecideAppeal("Say whether the decision stands, and why.")
    with transaction.atomic():
        appeal = (
            ModerationAppeal.objects.select_for_update(of=("self",))
            .select_related("decision")
            .filter(decision_id=decision_id, outcome="")
            .first()
        )
        if appeal is None:
            raise NotFound
        decision = appeal.decision
        if standing.member_id in {decision.moderator_id, decision.author_id}:
            raise NotAllowed("Somebody else decides about this appeal: you made the decision, or wrote the words.")
        _session(standing, now)
        appeal.decided_by_id = standing.require_member()
        appeal.outcome, appeal.reason, appeal.decided_at = outcome, reason.strip()[:2000], now
        appeal.save()
        if outcome == AppealOutcome.OVERTURNED:
            _undo(decision, now)
        told = "stands" if outcome == AppealOutcome.UPHELD else "is overturned"
        posting = access.load_posting_to_read(standing, decision.posting_id)
        for member in {decision.author_id, decision.moderator_id}:
            _tell(
                member,
                Kind.APPEAL,
                posting,
                decision.comment,
                f"Appeal decided: the decision {told}. {appeal.reason}",
                now,
                decision,
            )
        audit.record(
            "community.appeal.decide", standing=standing, thing=f"decision:{decision_id}", now=now, outcome=outcome
        )


def _undo(decision: Decision, now: datetime) -> None:
    Sanction.objects.filter(decision=decision, lifted_at=None).update(lifted_at=now)
    back = Q(state=WordsState.REMOVED)
    match Measure(decision.measure):
        case Measure.REMOVE if decision.comment_id:
            Comment.objects.filter(back, pk=decision.comment_id).update(state=WordsState.PUBLISHED)
        case Measure.REMOVE:
            Posting.objects.filter(back, pk=decision.posting_id).update(state=WordsState.PUBLISHED)
        case Measure.LOCK:
            Posting.objects.filter(pk=decision.posting_id).update(locked_at=None)
        case Measure.SLOW:
            Posting.objects.filter(pk=decision.posting_id).update(slow_seconds=0)
        case _:
            # What is purged is gone; where words stand, a moderator moves them back by hand.
            pass
