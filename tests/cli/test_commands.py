"""What each command says and does, in one process; tests/demo/test_command_line.py runs some as a person does."""

import pytest
from click.testing import CliRunner

from auscult import cli
from auscult.demo.register import write_register
from auscult.members.models import RoleGrant
from auscult.organisations.models import Organisation, Representative
from auscult.registry.models import RegisterLoad
from auscult.shared.models import AuditEvent

pytestmark = pytest.mark.django_db
BENCHMARKS = "code,words,persons,as_of,definition,source\n"


@pytest.fixture
def auscult(monkeypatch):
    """Runs a command on the database of the tests, which is there already."""
    monkeypatch.setattr(cli, "_start", lambda: None)

    def run(*words, stdin=None, fails=False):
        done = CliRunner().invoke(cli.main, [str(word) for word in words], input=stdin)
        assert done.exit_code == int(fails), done.output
        assert not isinstance(done.exception, Exception), done.exception
        return done.output

    return run


def test_a_role_is_given_once_an_account_is_there(auscult, make_account):
    account = make_account("ada@example.org")
    assert "no account with that address" in auscult("role", "bea@example.org", "editor", fails=True)
    said = auscult("role", "ada@example.org", "member", fails=True)
    assert "Roles are: arbiter, custodian, editor, moderator, operator, researcher, verifier." in said
    assert not RoleGrant.objects.exists()
    assert auscult("role", "ada@example.org", "moderator") == "The account is moderator now.\n"
    grant = RoleGrant.objects.get()
    assert (grant.role, grant.member.account) == ("moderator", account)


def test_an_organisation_and_who_speaks_for_it(auscult, make_account):
    make_account("rep@example.org")
    assert "Kinds are: association" in auscult("organisation", "ama", "AMA", "club", fails=True)
    said = auscult(
        "organisation", "ama", "American Medical Association", "association", "--website", "https://ama.example"
    )
    assert said == "American Medical Association is here now: http://127.0.0.1:8000/organisations/ama/\n"
    assert Organisation.objects.get().website == "https://ama.example"
    assert "is here already" in auscult("organisation", "ama", "Other", "association", fails=True)
    appoint = ("representative", "rep@example.org", "ama", "--name", "R. Example", "--scope", "positions")
    assert "Powers are: reply" in auscult(*appoint, "--may", "rule", fails=True)
    assert "no account" in auscult("representative", "x@example.org", *appoint[2:], "--may", "reply", fails=True)
    assert "no organisation" in auscult(*appoint[:2], "none", *appoint[3:], "--may", "reply", fails=True)
    assert auscult(*appoint, "--may", "reply", "--may", "answer") == "R. Example speaks for ama on positions.\n"
    assert sorted(Representative.objects.get().powers) == ["answer", "reply"]


def test_a_register_is_tried_loaded_and_described(auscult, tmp_path):
    assert "No register is loaded. Load one: auscult registry load FILE" in auscult("registry", "status")
    file = tmp_path / "npidata.zip"
    write_register(file, 300)
    assert "Dry run: nothing was changed." in auscult("registry", "load", file, "--dry-run")
    assert not RegisterLoad.objects.exists()
    said = auscult("registry", "load", file)
    assert "315 rows = 300 physicians" in said
    assert "Frame of 300: all enumerated physicians of the register" in said
    assert "nothing was done" in auscult("registry", "load", file)
    brief, whole = auscult("registry", "status"), auscult("registry", "status", "--all")
    assert "nppes: as of 2009-06-30" in brief
    assert "more (--all)" in brief
    assert "more (--all)" not in whole
    assert len(whole.splitlines()) > len(brief.splitlines())
    assert "300  all enumerated physicians of the register" in brief
    assert "npidata.zip  sha256 " in brief


def test_a_file_that_is_no_register_says_why(auscult, tmp_path):
    assert "There is no file" in auscult("registry", "load", tmp_path / "absent.zip", fails=True)
    odd = tmp_path / "odd.csv"
    odd.write_text("a,b\n1,2\n")
    assert "Error: " in auscult("registry", "load", odd, fails=True)
    assert "ends in .toml" in auscult("registry", "load", odd, "--register", "gmc", fails=True)
    assert not RegisterLoad.objects.exists()


def test_rejected_lines_are_written_beside_the_file(tmp_path, capsys):
    cli._write_rejects(tmp_path / "none.csv", [])
    assert not (tmp_path / "none.csv").exists()
    cli._write_rejects(tmp_path / "rejects.csv", [(7, "no number"), (9, "too wide")])
    assert (tmp_path / "rejects.csv").read_text() == 'line,reason\n7,"no number"\n9,"too wide"\n'
    assert str(tmp_path / "rejects.csv") in capsys.readouterr().out


def test_benchmarks_are_loaded_from_a_file(auscult, tmp_path):
    file = tmp_path / "benchmarks.csv"
    file.write_text(BENCHMARKS + "masterfile,Physicians in the Masterfile,954000,2009-01-01,all,A report\n")
    assert (
        auscult("registry", "benchmarks", file)
        == "     954,000  Physicians in the Masterfile, 2009-01-01 (masterfile)\n"
    )
    file.write_text(BENCHMARKS + "x,X,many,2009-01-01,all,A report\n")
    assert "Error: " in auscult("registry", "benchmarks", file, fails=True)


def test_keys_are_rotated_or_the_missing_one_is_named(auscult, monkeypatch):
    from auscult.members.actions import privacy
    from auscult.shared.crypto import CannotOpen

    assert "0 values sealed anew." in auscult("identity", "rotate")
    assert AuditEvent.objects.filter(event="members.keys.rotate", actor_id=None).count() == 1

    def cannot(**_):
        raise CannotOpen("Key 1 is not there.")

    monkeypatch.setattr(privacy, "rotate_keys", cannot)
    assert "Key 1 is not there. Put the older key back" in auscult("identity", "rotate", fails=True)


def test_cells_of_a_result_that_is_not_there(auscult, tmp_path):
    assert "Error: " in auscult("cells", "7", tmp_path / "cells.csv", fails=True)
    assert not (tmp_path / "cells.csv").exists()


def test_a_mail_that_is_none_of_ours(auscult):
    assert auscult("bounce", stdin="From: a@example.org\n\nHello\n") == "not one of ours, or not for good\n"


def test_commands_of_django_and_the_help(auscult):
    assert "No changes detected" in auscult("manage", "makemigrations", "--check", "--dry-run")
    for words in ((), ("registry",), ("identity",), ("db",)):
        assert "Usage: " in auscult(*words, "--help")
