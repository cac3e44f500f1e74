"""A monthly file, weekly files and a report of a generator that nobody of ours wrote, against its own truth."""

import csv
import importlib.util
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from auscult.registry.actions import CannotLoadRegister, load_register
from auscult.registry.models import Frame, RecordVersion, RegisterLoad, RegisterRecord
from auscult.registry.sources.files import UnusableRegisterFile
from auscult.shared.standing import CONSOLE

TOOLS = Path(__file__).parents[2].parent / "shared" / "tools"
GENERATOR = TOOLS / "gen_nppes.py"
ROWS, SEED = 20_000, 7
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not GENERATOR.is_file(), reason="the generator of register files is not beside the project"),
]
MONTHLY = "npidata_pfile_20050523-20260906.csv"
WEEK_1, WEEK_2, WEEK_4 = (
    f"npidata_pfile_{days}.csv" for days in ("20260907-20260913", "20260914-20260920", "20260928-20261004")
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nppes")

    def generate(*arguments):
        command = [sys.executable, str(GENERATOR), "--rows", str(ROWS), "--seed", str(SEED), *arguments]
        subprocess.run(command, check=True, capture_output=True)

    generate("--out", str(folder / MONTHLY), "--truth", str(folder / "truth.csv"))
    (folder / "old").mkdir()
    generate("--out", str(folder / "old" / MONTHLY), "--header", "v1")
    generate("--out", str(folder / WEEK_1), "--weekly", "2000")
    generate("--out", str(folder / WEEK_2), "--weekly", "3100")
    generate("--deactivated", str(folder / "report.csv"))
    (folder / WEEK_4).write_bytes((folder / WEEK_2).read_bytes() + b"\n")
    return folder


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("gen_nppes", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (TOOLS.parent / "data" / "registry" / "npidata_pfile_fileheader_v2.csv").read_text().strip()
    return module, module.Gen(SEED, text[1:-1].split('","'))


def truth_of(folder):
    with (folder / "truth.csv").open() as file:
        return {row["npi"]: row for row in csv.DictReader(file)}


def load(path, now, **options):
    return load_register(path, standing=CONSOLE, now=now, **options)


def without_primary(generator, indices, week=0):
    """Rows whose primary slot is missing, or a student's: then the first physician code counts, unknown to the truth."""
    module, gen = generator
    switches = [slot[3] for slot in gen.tax]
    codes = [slot[0] for slot in gen.tax]
    found = {}
    for index in indices:
        row = gen.row(index, week=week)
        primary = [row[code] for code, switch in zip(codes, switches, strict=True) if row[switch] == "Y"]
        if row[1] == "1" and primary in ([], ["390200000X"]):
            first = [row[at] for at in codes if row[at].startswith("20")]
            found[module.npi_of(index)] = first[0] if first else ""
    return found


def active():
    return {r.number: r for r in RegisterRecord.objects.filter(status="active")}


def test_the_monthly_file_is_the_truth_exactly(files, generator, now):
    loaded = load(files / MONTHLY, now)
    truth = truth_of(files)
    kinds = Counter(row["kind"] for row in truth.values())
    unmarked = without_primary(generator, range(ROWS))
    expected = {npi for npi, row in truth.items() if row["physician"] == "1"}
    expected |= {npi for npi, code in unmarked.items() if code}
    found = active()
    assert set(found) == expected
    assert loaded.load.rows == ROWS
    assert loaded.load.deactivated == kinds["X"]
    assert loaded.load.rejected == 0
    assert loaded.load.rows == loaded.load.kept + loaded.load.deactivated + loaded.load.other
    for npi, record in found.items():
        row = truth[npi]
        assert record.sex == (row["sex"] if row["sex"] in {"F", "M"} else "U")
        assert record.specialty_code == unmarked.get(npi, row["code"])
        # The practice of few lies abroad or at a military post.
        assert record.state in {row["state"], "ZZ"}
    abroad = sum(found[npi].state == "ZZ" for npi in found)
    assert abroad < 0.01 * len(found)
    assert {frame.kind for frame in loaded.frames} == {"all", "active-5"}
    assert loaded.frame.total == len(found)


def test_the_older_vintage_gives_the_same_register(files, now):
    new = load(files / MONTHLY, now, dry_run=True)
    old = load(files / "old" / MONTHLY, now)
    assert (old.load.kept, old.load.other, old.load.deactivated) == (
        new.load.kept,
        new.load.other,
        new.load.deactivated,
    )
    assert RegisterRecord.objects.filter(sex="F").count() > 0


def test_weekly_files_in_order_give_what_the_generator_says(files, generator, now):
    module, gen = generator
    load(files / MONTHLY, now)
    before = active()
    expected = dict.fromkeys(before)
    gone, moved = set(), {}
    for name, count in ((WEEK_1, 2000), (WEEK_2, 3100)):
        loaded = load(files / name, now)
        step = max(1, ROWS // max(1, count - count // 5))
        changed = range(0, ROWS, step)
        new = range(ROWS, ROWS + count // 5)
        unmarked = without_primary(generator, changed, week=1) | without_primary(generator, new)
        for index in [*changed, *new]:
            week = 0 if index >= ROWS else 1
            row, npi = gen.row(index, week=week), module.npi_of(index)
            _, _, physician, *_ = gen.truth(index)
            is_physician = row[1] == "1" and (physician if npi not in unmarked else bool(unmarked[npi]))
            if row[1] == "":
                if npi in expected:
                    gone.add(npi)
                expected.pop(npi, None)
            elif is_physician:
                expected[npi] = None
                moved[npi] = row[gen.adr["Practice Location"][3]]
            else:
                expected.pop(npi, None)
        assert set(active()) == set(expected)
        assert loaded.load.kind == "weekly"
        assert loaded.load.changes["active after"] == len(expected)
    found = active()
    for npi, state in moved.items():
        if npi in found:
            assert found[npi].state in {state, "ZZ"}
    # Who was deactivated keeps the last known name, and the history says since when.
    for npi in gone - set(found):
        record = RegisterRecord.objects.get(number=npi)
        assert record.status == "deactivated"
        assert record.last_name == before[npi].last_name if npi in before else record.last_name
        assert record.deactivated_on is not None
        assert RecordVersion.objects.filter(number=npi, was__status="active").exists()
    assert gone
    assert Frame.objects.filter(kind="all").first().total == len(found)


def test_a_gap_between_weekly_files_is_refused_and_nothing_changes(files, now):
    load(files / MONTHLY, now)
    load(files / WEEK_1, now)
    rows = list(RegisterRecord.objects.order_by("number").values_list())
    with pytest.raises(CannotLoadRegister, match="begins on 2026-09-28.*begins on 2026-09-14"):
        load(files / WEEK_4, now)
    with pytest.raises(CannotLoadRegister, match="Load a newer one"):
        load(files / "old" / MONTHLY, now)
    assert list(RegisterRecord.objects.order_by("number").values_list()) == rows
    assert RegisterLoad.objects.count() == 2


def test_a_weekly_file_alone_is_refused(files, now):
    with pytest.raises(CannotLoadRegister, match="monthly file first"):
        load(files / WEEK_1, now)
    with pytest.raises(CannotLoadRegister, match="monthly file first"):
        load(files / "report.csv", now)


def test_a_dry_run_says_what_would_change_and_changes_nothing(files, now):
    load(files / MONTHLY, now)
    before = list(RegisterRecord.objects.order_by("number").values_list())
    tried = load(files / WEEK_1, now, dry_run=True)
    assert tried.load.changes["added"] > 0
    assert list(RegisterRecord.objects.order_by("number").values_list()) == before
    assert RegisterLoad.objects.count() == 1
    done = load(files / WEEK_1, now)
    assert done.load.changes == tried.load.changes


def as_xlsx(path, title, rows):
    book = Workbook()
    sheet = book.active
    sheet.append([title])
    sheet.append(["NPI", "NPPES Deactivation Date"])
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_the_report_is_read_as_csv_and_as_xlsx(files, tmp_path, now):
    load(files / MONTHLY, now)
    truth = truth_of(files)
    listed = sum(row["kind"] == "X" for row in truth.values())
    report = load(files / "report.csv", now)
    assert (report.load.kind, report.load.deactivated, report.load.as_of) == ("report", listed, date(2026, 9, 6))
    # None of them was ever a physician that we hold.
    assert report.load.changes["deactivated"] == 0
    held = list(RegisterRecord.objects.filter(status="active").order_by("number")[:3])
    held[2].reactivated_on = date(2026, 9, 30)
    held[2].save()
    rows = [[held[0].number, "09/12/2026"], [int(held[1].number), "09/13/2026"], [held[2].number, "09/14/2026"]]
    loaded = load(as_xlsx(tmp_path / "r.xlsx", "NPPES Deactivated NPI Report as of 09/14/2026", rows), now)
    assert loaded.load.changes["deactivated"] == 2
    statuses = dict(RegisterRecord.objects.filter(number__in=[r.number for r in held]).values_list("number", "status"))
    assert [statuses[r.number] for r in held] == ["deactivated", "deactivated", "active"]
    assert RegisterRecord.objects.get(number=held[0].number).deactivated_on == date(2026, 9, 12)


def test_reports_that_are_none(files, tmp_path, now):
    load(files / MONTHLY, now)
    for title, rows, why in (
        ("Something else", [], "does not begin"),
        ("NPPES Deactivated NPI Report as of 09/14/2026", [], "no row"),
        ("NPPES Deactivated NPI Report as of 09/14/2026", [["12345", "09/12/2026"]], "NPI is not valid"),
        ("NPPES Deactivated NPI Report as of 09/14/2026", [["1234567893", "12 Sep"]], "date"),
    ):
        with pytest.raises(UnusableRegisterFile, match=why):
            load(as_xlsx(tmp_path / "r.xlsx", title, rows), now)
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(UnusableRegisterFile, match="damaged"):
        load(broken, now)
    many = [[r.number, "09/12/2026"] for r in RegisterRecord.objects.filter(status="active")[:200]]
    with pytest.raises(CannotLoadRegister, match="shrink"):
        load(as_xlsx(tmp_path / "m.xlsx", "NPPES Deactivated NPI Report as of 09/14/2026", many), now)
    assert not RegisterRecord.objects.filter(status="deactivated").exists()
