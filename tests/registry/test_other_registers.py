"""The French register, any chamber's list by a mapping, and the API of the American one: each with its fake."""

import json
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from auscult.registry.actions import check_freshness, load_register
from auscult.registry.models import Frame, FreshnessCheck, RegisterRecord
from auscult.registry.queries import find_frame, list_register_statuses, match_record
from auscult.registry.rules import coarsen
from auscult.registry.sources import fakes, npi_api
from auscult.registry.sources.files import UnusableRegisterFile
from auscult.registry.sources.npi_api import Freshness, ask, judge
from auscult.registry.sources.rpps import group_of_label, is_rpps_number
from auscult.registry.sources.tables import UnusableMapping, load_mapping
from auscult.shared.standing import CONSOLE

pytestmark = pytest.mark.django_db


def load(path, now, **options):
    return load_register(path, standing=CONSOLE, now=now, **options)


@pytest.mark.parametrize(
    ("label", "group"),
    [
        ("Cardiologie et maladies vasculaires", "WG05"),
        ("Neuro-chirurgie", "WG19"),
        ("Neurologie", "WG11"),
        ("Psychiatrie option enfant & adolescent", "WG12"),
        ("Chirurgie orthopédique et traumatologie", "WG18"),
        ("Anesthésie-réanimation", "WG14"),
        ("Spécialiste en médecine générale", "WG02"),
        ("Pédiatrie", "WG03"),
        ("Gynécologie-obstétrique", "WG04"),
        ("Chirurgie vasculaire", "WG17"),
        ("Santé publique et médecine sociale", "WG22"),
        ("Radio-diagnostic", "WG15"),
        ("Quelque chose de nouveau", "WG00"),
    ],
)
def test_french_specialties(label, group):
    assert group_of_label(label) == group


def test_rpps_numbers():
    assert is_rpps_number(fakes.rpps_number(3))
    wrong = fakes.rpps_number(3)[:-1] + str((int(fakes.rpps_number(3)[-1]) + 1) % 10)
    assert not is_rpps_number(wrong)
    for text in ("", "1000000000", "１００００００００３５", fakes.rpps_number(3) + "\n"):
        assert not is_rpps_number(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_french_extract_becomes_a_register_beside_the_other(tmp_path, now, register, encoding):
    path = tmp_path / "PS_LibreAcces_Personne_activite_202609010830.txt"
    fakes.write_rpps(path, 100, encoding=encoding)
    loaded = load(path, now, register="rpps")
    assert (loaded.load.rows, loaded.load.kept) == (155, 100)  # one person is counted once
    assert loaded.load.reasons["a further row of the same physician"] == 25
    assert loaded.load.as_of == date(2026, 9, 1)
    record = RegisterRecord.objects.filter(register="rpps").first()
    assert record.state.startswith("FR-")
    assert coarsen(record.specialty_group, record.state, record.sex, "18+").region in {
        "Île-de-France", "Auvergne-Rhône-Alpes", "Provence-Alpes-Côte d'Azur", "Outre-mer", "Grand Est",
    }  # fmt: skip
    # The frame of results stays that of the instance's own register.
    assert find_frame().load.register == "nppes"
    assert Frame.objects.filter(load__register="rpps", kind="all").get().total == 100
    assert {status.register for status in list_register_statuses(now)} == {"nppes", "rpps"}


def test_an_instance_may_verify_against_the_french_register(tmp_path, now, settings):
    settings.REGISTER = "rpps"
    path = tmp_path / "rpps.txt"
    fakes.write_rpps(path, 20)
    load(path, now, register="rpps", as_of=date(2026, 9, 1))
    record = RegisterRecord.objects.first()
    facts = {
        "number": record.number, "last_name": record.last_name, "first_name": record.first_name,
        "licence": record.number, "licence_state": record.state,
    }  # fmt: skip
    assert match_record(**facts, on=now.date()).specialty_group == record.specialty_group
    assert find_frame().total == 20


def chamber(tmp_path, *changes):
    text = fakes.CHAMBER_MAPPING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "chamber.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_any_list_is_read_through_its_mapping(tmp_path, now):
    fakes.write_chamber(tmp_path / "list.csv", 50)
    mapping = load_mapping(chamber(tmp_path))
    loaded = load(tmp_path / "list.csv", now, register=mapping, as_of=date(2026, 9, 1))
    assert (loaded.load.rows, loaded.load.kept, loaded.load.deactivated) == (50, 45, 5)
    record = RegisterRecord.objects.get(number="100000")
    assert (record.register, record.sex in {"F", "M", "U"}, record.state[:3]) == ("chamber", True, "DE-")
    assert record.enumerated_on == date(1999, 4, 1)
    # A newer list in which somebody has expired.
    text = (tmp_path / "list.csv").read_text(encoding="utf-8-sig").replace("aktiv", "erloschen", 1)
    lines = text.splitlines()
    (tmp_path / "next.csv").write_text("\n".join([*lines[:1], *lines[1:]]), encoding="utf-8")
    with pytest.raises(UnusableRegisterFile, match="shrink"):
        load(tmp_path / "next.csv", now, register=mapping, as_of=date(2026, 10, 1))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('number = "Mitgliedsnummer"\n', "", "does not say which column holds `number`"),
        ('sex = "Geschlecht"', 'gender = "Geschlecht"', "names `gender`"),
        ('w = "F"', 'w = "X"', "must be F, M or U"),
        ('"Innere Medizin" = "WG01"', '"Innere Medizin" = "Innere"', "must be a weight group"),
        ('"Bayern" = "DE-BY"', '"Bayern" = "Bavaria"', "must be a code such as"),
        ('register = "chamber"', 'register = "nppes"', "a short name of its own"),
        ('delimiter = ";"', 'delimiter = "; "', "one character"),
        ('pattern = "[0-9]{6}"', 'pattern = "["', "chamber.toml"),
        ('delimiter = ";"', 'delimeter = ";"', "'delimeter' is no key"),
        ("[columns]", "[columns", "no mapping that can be read"),
        ('encoding = "utf-8-sig"', 'encoding = "utf-99"', "unknown encoding"),
    ],
)
def test_mappings_that_are_wrong_say_where(tmp_path, old, new, why):
    with pytest.raises(UnusableMapping, match=why):
        load_mapping(chamber(tmp_path, (old, new)))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Mitgliedsnummer", "Nummer", "lacks 1 that the mapping names, first 'Mitgliedsnummer'"),
        ("100003", "10003", "the number is not valid"),
        ("01.04.1999", "1999-04-01", "a date is not"),
        (";aktiv", "", "not the expected columns"),
        ("100003", "100004", "same number twice"),
    ],
)
def test_lists_that_do_not_fit_their_mapping(tmp_path, now, old, new, why):
    path = tmp_path / "list.csv"
    fakes.write_chamber(path, 20)
    path.write_text(path.read_text(encoding="utf-8-sig").replace(old, new), encoding="utf-8")
    with pytest.raises(UnusableRegisterFile, match=why):
        load(path, now, register=load_mapping(chamber(tmp_path)), as_of=date(2026, 9, 1))
    assert not RegisterRecord.objects.exists()


# The NPI Registry API

NUMBER = "1234567893"


@pytest.mark.parametrize("old", [False, True])
def test_the_api_of_today_and_of_some_years_ago(old):
    answer = ask("https://api.example/", NUMBER, fetch=fakes.npi_api(NUMBER, old=old))
    assert (answer.number, answer.sex, answer.status) == (NUMBER, "F", "A")
    assert judge(answer, "Alderton") == Freshness.ACTIVE
    assert judge(answer, "Somebody") == Freshness.ANOTHER_NAME
    gone = ask("https://api.example/", NUMBER, fetch=fakes.npi_api(NUMBER, status="D", old=old))
    assert judge(gone, "Alderton") == Freshness.DEACTIVATED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"Errors": [{"description": "No valid search criteria", "number": "04"}]}', Freshness.NO_ANSWER),
        (b'{"result_count": 0, "results": []}', Freshness.NOT_FOUND),
        (b'{"result_count": 1, "results": [{"number": "1999999992", "basic": {}}]}', Freshness.NOT_FOUND),
        (b'{"results": [{"number": "1234567893"}]}', Freshness.NO_ANSWER),
        (b"<html>busy</html>", Freshness.NO_ANSWER),
        (b"[]", Freshness.NO_ANSWER),
        (b"\xff\xfe", Freshness.NO_ANSWER),
    ],
)
def test_answers_that_are_none(text, expected):
    assert ask("https://api.example/", NUMBER, fetch=lambda _: text) == expected


def test_a_service_that_hangs_or_fails_costs_at_most_its_time(monkeypatch):
    told = Event()

    class Hanging(BaseHTTPRequestHandler):
        def do_GET(self):
            # Says nothing until the test is over; what it would say is not taken for "no answer".
            told.wait()
            self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n{"result_count": 0, "results": []}')

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hanging)
    Thread(target=server.serve_forever, daemon=True).start()
    given = []
    urlopen = npi_api.urllib.request.urlopen

    def open_soon(request, *arguments, timeout, **others):
        given.append(timeout)
        return urlopen(request, *arguments, timeout=0.01, **others)

    monkeypatch.setattr(npi_api.urllib.request, "urlopen", open_soon)
    assert ask(f"http://127.0.0.1:{server.server_port}/", NUMBER) == Freshness.NO_ANSWER
    assert given == [npi_api.TIMEOUT_SECONDS]
    told.set()
    server.shutdown()
    server.server_close()
    assert ask("http://127.0.0.1:1/", NUMBER) == Freshness.NO_ANSWER
    assert ask("ftp://api.example/", NUMBER) == Freshness.NO_ANSWER


def test_freshness_is_off_by_default_and_kept_for_a_day(register, now, settings, monkeypatch):
    record = RegisterRecord.objects.first()
    asked = []

    def fetch(address):
        asked.append(address)
        return fakes.npi_api(record.number, last_name=record.last_name)(address)

    monkeypatch.setattr(npi_api, "_fetch", fetch)
    assert check_freshness(register="nppes", number=record.number, now=now) is None
    settings.NPI_API = "https://api.example/"
    for hours, count in ((0, 1), (23, 1), (25, 2)):
        found = check_freshness(register="nppes", number=record.number, now=now + timedelta(hours=hours))
        assert (found, len(asked)) == (Freshness.ACTIVE, count)
    assert "version=2.1" in asked[0]
    assert FreshnessCheck.objects.count() == 1
    # A service that did not answer is asked again.
    monkeypatch.setattr(npi_api, "_fetch", lambda _: json.dumps({"Errors": []}).encode())
    later = now + timedelta(days=3)
    assert check_freshness(register="nppes", number=record.number, now=later) == Freshness.NO_ANSWER
    monkeypatch.setattr(npi_api, "_fetch", fetch)
    assert check_freshness(register="nppes", number=record.number, now=later) == Freshness.ACTIVE
    assert check_freshness(register="rpps", number="1", now=now) is None


def test_the_shipped_samples_load(tmp_path, now):
    from importlib.resources import files

    samples = files("auscult.registry").joinpath("data/samples")
    mapping = tmp_path / "chamber.toml"
    mapping.write_text(samples.joinpath("chamber.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for name, options in (
        ("rpps.txt", {"register": "rpps"}),
        ("chamber.csv", {"register": load_mapping(mapping)}),
    ):
        path = tmp_path / name
        path.write_bytes(samples.joinpath(name).read_bytes())
        assert load(path, now, as_of=date(2026, 9, 1), **options).load.kept > 10
