"""The demonstration at its small size: seeded, checked, served, stopped, started again."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from datetime import date

import numpy as np
import pytest

from auscult.config.postgres import EmbeddedPostgres
from auscult.demo.members import handle_of
from auscult.demo.register import invented_npi
from auscult.demo.size import SIZES
from auscult.demo.story import SHARES, _corpus, _draw_answers
from auscult.members.names import handle_problem
from auscult.registry.npi import is_npi


def test_invented_numbers_are_unique_and_well_formed():
    numbers = [invented_npi(index) for index in range(20_000)]
    assert len(set(numbers)) == 20_000
    assert all(is_npi(number) for number in numbers)


def test_invented_handles_are_unique_and_well_formed():
    handles = [handle_of(number) for number in range(100_000)]
    assert len(set(handles)) == 100_000
    assert not any(handle_problem(handle, "", "") for handle in handles)


def test_the_corpus_has_three_hundred_postings_of_the_story():
    corpus = _corpus()
    assert len(corpus) == 326
    assert all(date(2007, 6, 1) <= date.fromisoformat(entry["on"]) <= date(2009, 10, 18) for _, entry in corpus)
    assert len({entry["body"] for _, entry in corpus}) == 326
    assert all(entry["comments"] for _, entry in corpus)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("queued_mail")
def test_seed_and_figures(tmp_path, settings, capsys, topics):
    from django.test import Client
    from django.utils import timezone

    from auscult.demo.command import seed
    from auscult.demo.figures import print_and_check
    from auscult.demo.size import BEGINS
    from auscult.members.models import Member
    from auscult.publishing.models import RecordEntry
    from auscult.shared.models import Topic

    for slug in {topic for topic, _ in _corpus()}:
        Topic.objects.get_or_create(slug=slug, defaults={"name": slug})
    settings.CLOCK_BEHIND = timezone.now() - BEGINS
    size = SIZES["small"]
    people = seed("small")
    assert Member.objects.filter(level=2, suspended_at=None).count() == size.members
    assert set(people.emails) >= {"physician", "verifier", "editor", "representative"}
    assert print_and_check(size, exact=False, folder=tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "verify: ok"
    settings.DEMO = True
    assert walk_the_tour(lambda path: Client().get(path).content.decode()) == 10
    # The record is told in order: no entry is of a day before the one above it.
    dates = list(RecordEntry.objects.order_by("index").values_list("written_at", flat=True))
    assert dates == sorted(dates)
    # A figure that is not what it must be is printed as wrong, and the exit code says so.
    assert print_and_check(size, exact=True, folder=tmp_path) == 1
    assert "WRONG respondents / members" in capsys.readouterr().out


@pytest.mark.django_db
def test_answers_have_exactly_the_shares_of_2009(make_member):
    from auscult.members.models import Member

    for _ in range(40):
        make_member()
    voters = list(Member.objects.values_list("account_id", flat=True))
    answers = _draw_answers(voters, SHARES, np.random.default_rng(1))
    for question, share in SHARES.items():
        assert Counter(ballot[question] for ballot in answers)["no"] == round(40 * share)


@pytest.fixture
def instance(tmp_path):
    """Starts ``auscult demo`` in a folder of its own; ends it whatever happens."""
    names = [name for name in os.environ if name.startswith(("AUSCULT_", "DATABASE_URL", "DJANGO_SETTINGS"))]
    environment = {k: v for k, v in os.environ.items() if k not in names} | {"AUSCULT_VAR": str(tmp_path / "var")}
    started = []

    def start(*options):
        command = [sys.executable, "-m", "auscult.cli", "demo", "--size", "small", "--port", "8450", *options]
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        told = []
        for line in process.stdout:
            told.append(line)
            if "Ctrl-C stops" in line:
                break
        else:
            pytest.fail("".join(told))
        # Nobody reads on; what else is told must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return process, "".join(told)

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    EmbeddedPostgres(tmp_path / "var" / "postgres").stop()


def walk_the_tour(read):
    """From the front page to the last stop by «Next»; returns how many pages there were."""
    assert "The quarrel of 2009, settled by records" in read("/")
    path, pages = re.search(r'<a class="button" href="([^"]+)">Begin', read("/tour/")).group(1), 0
    while path:
        page = read(path)
        pages += 1
        assert f"{pages} of 10" in page, path
        found = re.search(r'<a href="([^"]+)" rel="next">', page)
        path = found.group(1) if found else ""
    return pages


@pytest.mark.slow
@pytest.mark.extra  # a second demonstration; the first is seeded above
def test_demo_serves_stops_and_goes_on(instance, tmp_path):
    process, text = instance()
    assert "Invent a register" in text
    address = re.search(r"http://127\.0\.0\.1:\d+/", text).group()
    password = re.search(r"password\s+(\S+)", text).group(1)
    with urllib.request.urlopen(address + "results/1/") as answer:
        page = answer.read().decode()
    assert "Of the 420 who answered" in page
    assert "its clock shows 19 October 2009" in page

    def read(path):
        with urllib.request.urlopen(address.rstrip("/") + path) as answer:
            assert answer.status == 200
            return answer.read().decode()

    assert walk_the_tour(read) == 10
    assert (tmp_path / "var" / "demo.json").stat().st_mode & 0o077 == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0
    assert not EmbeddedPostgres(tmp_path / "var" / "postgres").is_running()
    with pytest.raises(OSError, match=r"refused"):
        urllib.request.urlopen(address)

    process, text = instance()
    assert password in text
    assert "Invent a register" not in text, "nothing is seeded a second time"
    with urllib.request.urlopen(address + "results/1/") as answer:
        assert answer.status == 200
