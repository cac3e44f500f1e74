"""Rules about the whole tree that a linter does not know."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey

SOURCE = Path(__file__).parents[2] / "src" / "auscult"
FLOW = ["shared", "registry", "members", "organisations", "surveys", "community", "publishing", "voice", "partnerships"]
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def room_models():
    return [model for room in FLOW for model in apps.get_app_config(room).get_models()]


def test_foreign_keys_follow_the_flow():
    for model in room_models():
        here = FLOW.index(model._meta.app_label)
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey):
                there = FLOW.index(field.related_model._meta.app_label)
                assert there <= here, f"{model.__name__}.{field.name} points to the right"


def test_no_other_room_reads_accounts_claims_or_evidence():
    """The pseudonym firewall in the code: who knows a handle cannot reach a name."""
    for path in MODULES:
        room = path.relative_to(SOURCE).parts[0]
        if room in {"members", "demo"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "auscult.members.models":
                names = {alias.name for alias in node.names}
                assert not names & {"Account", "Claim", "Evidence"}, f"{path} imports {names}"


def test_pure_rooms_and_the_verifier_run_without_django():
    code = (
        "import sys, auscult.evidence.verifier, auscult.statistics.results; "
        "sys.exit(any(m.split('.')[0] in {'django', 'psycopg'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def actions():
    for path in sorted([*SOURCE.glob("*/actions.py"), *SOURCE.glob("*/actions/*.py")]):
        room = path.relative_to(SOURCE).parts[0]
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield pytest.param(node, path, id=f"{room}.{node.name}")


#: Actions that do not write an event themselves, and why.
SILENT = {
    "note_look_up": "counts a try against its rate limit; nothing is decided",
    "forget_freshness": "deletes a cache that is a day old",
    "check_freshness": "keeps what the register's own service said for a day; nothing is decided",
    "create_member": "called by allauth when an account signs up; nobody acts yet",
    "note_visit": "the day of a member's last request, once a day; nothing is decided",
    "signable_version": "reads which text is signed now",
    "make_letter": "typesets a letter, writes nothing",
    "note_due_silences": "the clock acts; it writes one for each silence",
    "cast_ballot": "an event beside the turnout would tell when each member voted; close_survey counts them",
    "save_draft": "an event would tell when each member types; nobody else sees it",
    "note_reading": "an event would tell who reads what",
    "count_ratings": "a step of rate_usefulness, which writes its own",
    "labels_of": "reads which connections a member stated",
    "labels_of_member": "reads which connections a member stated",
    "require_may_write": "reads, and refuses",
    "require_may_post": "reads, and refuses",
    "require_may_comment": "reads, and refuses",
    "tell_mentioned": "a step of create_posting and add_comment, which write theirs",
    "tell_of_posting": "a job of create_posting, which wrote its own",
    "statement": "puts a decision into words",
    "hand_over_pictures": "a step of create_posting, which writes its own",
    "want_previews": "a step of publish and edit, which write theirs",
    "forget_previews": "a step of purge, which writes its own",
    "look_for_spam": "a step of create_posting and add_comment, which write theirs; a flag is its own record",
    "note_seen": "an event would tell who reads what",
    "tell_followers": "a job of add_comment, which wrote its own",
    "send_due_mails": "a mail's step writes one for each member",
    "tell_of_comment": "a step of add_comment, which writes its own",
    "save_answers": "an event would tell when each member answered; nothing is counted yet",
    "unsubscribe_token": "signs a number, writes nothing",
    "book": "a step of the honoraria's actions, which write theirs",
    "close_due_surveys": "calls close_survey, which writes one for each",
}


@pytest.mark.parametrize(("node", "path"), list(actions()))
def test_every_action_takes_keywords_and_writes_its_event(node, path):
    text = ast.unparse(node)
    if node.name in SILENT:
        return
    keywords = [argument.arg for argument in node.args.kwonlyargs]
    assert keywords[:2] == ["standing", "now"], f"{path}: {node.name} must begin with *, standing, now"
    assert "audit.record(" in text, f"{path}: {node.name} writes no audit event"
    assert "transaction.atomic()" in text, f"{path}: {node.name} is not one transaction"


def test_every_public_thing_is_documented():
    for path in MODULES:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree) or not tree.body, f"{path} has no docstring"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("jinja2/**/*.html")), ids=lambda path: path.name)
def test_templates_have_a_title_no_inline_script_and_no_inline_style(path):
    text = path.read_text()
    if "{% extends" in text:
        assert "{% block title %}" in text
    elif path.name == "base.html":
        assert '<html lang="' in text
    assert not re.search(r"<script(?![^>]*src=)", text)
    assert "style=" not in text
    assert not re.search(r"\son[a-z]+=", text)


def test_no_long_files():
    long = {str(p.relative_to(SOURCE)): len(p.read_text().splitlines()) for p in MODULES}
    assert not {name: lines for name, lines in long.items() if lines > 450}


def test_rooms_have_no_vague_names():
    vague = {"core", "common", "utils", "helpers", "lib", "services", "managers"}
    assert not {p for p in SOURCE.rglob("*") if p.stem in vague}
