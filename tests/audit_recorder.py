"""Watches each action that any test runs: it must write an event that is named after it, and by whom it was called.

The room's public functions in ``actions`` are wrapped before tests are collected. A test in which an action succeeds and
writes no event, one of another name, or one of another actor, fails at its end. A run of the whole suite also fails if
there is an action that no test ran successfully.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

#: Functions in ``actions`` that write no event of their own, and why. Whatever else is there, is an action.
SILENT = {
    "community.count_ratings": "a step of rate_usefulness, which writes its own",
    "community.forget_previews": "a step of purge, which writes its own",
    "community.hand_over_pictures": "a step of create_posting, which writes its own",
    "community.labels_of": "reads which connections a member stated",
    "community.labels_of_member": "reads which connections a member stated",
    "community.look_for_spam": "a step of create_posting and add_comment, which write theirs; a flag is its own record",
    "community.note_reading": "an event would tell who reads what",
    "community.note_seen": "an event would tell who reads what",
    "community.require_may_comment": "reads, and refuses",
    "community.require_may_post": "reads, and refuses",
    "community.require_may_write": "reads, and refuses",
    "community.save_draft": "an event would tell when each member types; nobody else sees it",
    "community.statement": "puts a decision into words",
    "community.tell_followers": "a job of add_comment, which wrote its own",
    "community.tell_mentioned": "a step of create_posting and add_comment, which write theirs",
    "community.tell_of_comment": "a step of add_comment, which writes its own",
    "community.tell_of_posting": "a job of create_posting, which wrote its own",
    "community.unsubscribe_token": "signs a number, writes nothing",
    "community.want_previews": "a step of publish and edit, which write theirs",
    "members.create_member": "called by allauth when an account signs up; nobody acts yet",
    "members.note_look_up": "counts a try against its rate limit; nothing is decided",
    "members.note_visit": "the day of a member's last request, once a day; nothing is decided",
    "registry.check_freshness": "keeps what the register's own service said for a day; nothing is decided",
    "registry.forget_freshness": "deletes a cache that is a day old",
    "surveys.book": "a step of the honoraria's actions, which write theirs",
    "surveys.cast_ballot": "an event beside the turnout would tell when each member voted; close_survey counts them",
    "surveys.close_due_surveys": "calls close_survey, which writes one for each",
    "surveys.save_answers": "an event would tell when each member answered; nothing is counted yet",
    "surveys.unsubscribe_token": "signs a number, writes nothing",
    "voice.make_letter": "typesets a letter, writes nothing",
    "voice.signable_version": "reads which text is signed now",
}
#: Actions whose event has another name than theirs, and why.
OTHER_NAMES = {
    "community.add_comment": ("community.comment.create", "the permission that guards it says create"),
    "community.begin_staff_session": ("community.session.begin", "there is one kind of session"),
    "community.end_staff_session": ("community.session.end", "there is one kind of session"),
    "community.forget_seen": ("community.notifications.forget", "the action's name says which ones"),
    "community.send_due_mails": ("community.mails.send", "one event for each member who is sent one"),
    "community.unsubscribe": ("community.mails.unsubscribe", "the action's name is that of the link in the mail"),
    "members.close_abandoned": ("members.claims.close", "the action's name says which ones"),
    "members.note_claim_read": ("members.claim.read", "what happened is that a verifier read it"),
    "members.offer_document": ("members.evidence.offer", "each kind of evidence has one event, with the kind in it"),
    "members.offer_institutional_email": (
        "members.evidence.offer",
        "each kind of evidence has one event, with the kind in it",
    ),
    "members.retire": ("members.member.retire", "the member is who acts"),
    "members.suspend_due": ("members.suspension.begin", "the action's name says which ones"),
    "members.vouch_for": ("members.applicant.vouch", "the permission that guards it names the applicant"),
    "partnerships.read_topic_aggregate": ("partnerships.grant.read", "the grant is what is used"),
    "partnerships.take_step": ("partnerships.occurrence.step", "the occurrence is what it happens to"),
    "surveys.unsubscribe": ("surveys.invitations.unsubscribe", "the action's name is that of the link in the mail"),
    "voice.state_nobody": ("voice.mandate.state", "the trail must not tell who thinks what"),
    "voice.note_due_silences": ("voice.silence.note", "one event for each silence, as note_silence writes"),
}
#: Events that name no actor although somebody acted, and why.
WITHOUT_ACTOR = {
    "members.vouch_for": "a verifier reads the trail, and must not learn who vouched",
    "surveys.withdraw_ballot": "events about ballots name nobody",
}
_NOTHING_DUE = "a job that finds nothing due writes nothing"
_NOTHING_NEW = "the same words again change nothing"
#: Actions that write no event where nothing changed, and when that is.
ONLY_IF_NEEDED = {
    "voice.note_due_silences": "no silence is due",
    "community.add_comment": _NOTHING_NEW,
    "community.create_posting": _NOTHING_NEW,
    "community.edit_comment": _NOTHING_NEW,
    "community.edit_posting": _NOTHING_NEW,
    "community.send_due_mails": _NOTHING_DUE,
    "community.store_preview": "a preview that was fetched is not fetched again",
    "members.apply_load": "a load that changed no member",
    "members.begin_recovery": "a recovery that was begun goes on",
    "members.close_abandoned": _NOTHING_DUE,
    "members.end_disputes": _NOTHING_DUE,
    "members.note_claim_read": "one event an hour for each verifier and claim",
    "members.notify_lapses": _NOTHING_DUE,
    "members.notify_unmaskings": _NOTHING_DUE,
    "members.purge_documents": _NOTHING_DUE,
    "members.suspend_due": _NOTHING_DUE,
    "registry.load_register": "a dry run changes nothing, nor does the very file again",
    "surveys.edit_questionnaire": _NOTHING_NEW,
    "surveys.end_links": _NOTHING_DUE,
    "surveys.send_mails": "a survey that is paused or over",
}
#: Events that follow inside an action beside its own.
BESIDE = {
    "members.claim.verify": "evidence that suffices verifies by itself",
    "members.dispute.begin": "a claim that disputes a record",
}
_PREPOSITIONS = frozenset({"to", "for", "of", "in"})


@dataclass
class Call:
    """One call of an action that is running: its events."""

    action: str
    events: list[tuple[str, int | None]] = field(default_factory=list)


_running = threading.local()
faults: list[str] = []
ran: set[str] = set()
actions: set[str] = set()


def expected_event(action: str) -> str:
    """Name of the event of an action: ``voice.sign_appeal`` writes ``voice.appeal.sign``."""
    if action in OTHER_NAMES:
        return OTHER_NAMES[action][0]
    room, _, name = action.partition(".")
    verb, *noun = name.split("_")
    return f"{room}.{'_'.join(word for word in noun if word not in _PREPOSITIONS)}.{verb}"


def _same(event: str, expected: str) -> bool:
    """Whether two names are one, whatever the number of the noun."""
    room, noun, verb = event.split(".")
    there, thing, does = expected.split(".")
    return (room, noun.removesuffix("s"), verb) == (there, thing.removesuffix("s"), does)


def judge(call: Call, actor: int | None) -> list[str]:
    """What is wrong with the events of a call that succeeded.

    Args:
        actor: the member who acted, or None for a reader, the console and the worker.
    """
    expected = expected_event(call.action)
    own = [(event, who) for event, who in call.events if event not in BESIDE]
    found = [who for event, who in own if _same(event, expected)]
    wrong = [f"{call.action} wrote {event}, not {expected}" for event, _ in own if not _same(event, expected)]
    if not found and call.action not in ONLY_IF_NEEDED:
        wrong.append(f"{call.action} wrote no event {expected}")
    named = None if call.action in WITHOUT_ACTOR else actor
    return wrong + [
        f"{call.action} was called by {actor}, its event {event} names {who}"
        for event, who in call.events
        if who != named
    ]


def watch(action: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """An action that looks at its own events."""

    @functools.wraps(function)
    def watched(*arguments: Any, **keywords: Any) -> Any:
        calls = _running.__dict__.setdefault("calls", [])
        call = Call(action)
        calls.append(call)
        try:
            result = function(*arguments, **keywords)
        finally:
            calls.pop()
        if action in SILENT:
            faults.extend(f"{action} is said to be silent, and wrote {event}" for event, _ in call.events)
        else:
            faults.extend(judge(call, actor.member_id if (actor := keywords.get("standing")) else None))
        if call.events:
            ran.add(action)
        return result

    return watched


def _listen() -> None:
    """Let each event be noted by the innermost action that runs."""
    from auscult.shared import audit

    written = audit.record

    @functools.wraps(written)
    def record(event: str, *, standing: Any, thing: str, now: Any, **details: Any) -> None:
        written(event, standing=standing, thing=thing, now=now, **details)
        calls = _running.__dict__.get("calls")
        if calls:
            calls[-1].events.append((event, standing.member_id if standing else None))

    written_each = audit.record_each

    @functools.wraps(written_each)
    def record_each(event: str, things: Any, *, standing: Any, now: Any) -> None:
        written_each(event, things, standing=standing, now=now)
        calls = _running.__dict__.get("calls")
        if calls:
            calls[-1].events += [(event, standing.member_id if standing else None)] * len(things)

    audit.record, audit.record_each = record, record_each


def find_actions() -> dict[str, Callable[..., Any]]:
    """Every public function of every room's ``actions``."""
    import auscult

    found: dict[str, Callable[..., Any]] = {}
    for _, room, is_package in pkgutil.iter_modules(auscult.__path__):
        if not is_package or importlib.util.find_spec(f"auscult.{room}.actions") is None:
            continue
        package = importlib.import_module(f"auscult.{room}.actions")
        modules = [package, *(
            importlib.import_module(f"{package.__name__}.{name}")
            for _, name, _ in pkgutil.iter_modules(getattr(package, "__path__", []))
        )]  # fmt: skip
        for module in modules:
            for name, value in vars(module).items():
                if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                    label = f"{room}.{name}"
                    assert label not in found, f"two actions are called {label}"
                    found[label] = value
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Wrap the actions, wherever they are known already."""
    found = find_actions()
    actions.update(found)
    _listen()
    watched = {id(function): watch(label, function) for label, function in found.items()}
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "auscult"]:
        for name, value in list(vars(module).items()):
            if id(value) in watched and inspect.isfunction(value):
                setattr(module, name, watched[id(value)])


@pytest.fixture(autouse=True)
def action_faults() -> Iterator[list[str]]:
    """Faults of the actions that ran during a test. What is still in it when the test is over fails it."""
    faults.clear()
    yield faults
    if faults:
        pytest.fail("The trail is wrong: " + "; ".join(sorted(set(faults))))


def is_whole(config: pytest.Config) -> bool:
    """Whether this run is one of all tests, but perhaps the slow ones."""
    chosen = config.option
    return (
        list(config.args) == list(config.getini("testpaths"))
        and not chosen.keyword
        and not chosen.deselect
        and not getattr(chosen, "lf", False)
        and chosen.markexpr in {"", "not slow"}
    )


class Gathering:
    """What was run, from here or from the workers of xdist."""

    def __init__(self) -> None:
        self.missing: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker ran."""
        ran.update(getattr(node, "workeroutput", {}).get("actions_run", []))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand over what was run; at the end of a whole run, find what nobody ran."""
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput["actions_run"] = sorted(ran)
        elif exitstatus == 0 and is_whole(config):
            self.missing = sorted(actions - ran - SILENT.keys())
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the actions that nobody ran."""
        if self.missing:
            terminalreporter.section("actions that no test ran successfully", red=True)
            terminalreporter.line(", ".join(self.missing))


def pytest_configure(config: pytest.Config) -> None:
    """Gather at the end."""
    config.pluginmanager.register(Gathering(), "gather-actions")
