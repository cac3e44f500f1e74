"""Loading files in the NPPES format: what is kept, and what is refused with nothing changed."""

import csv
import zipfile
from datetime import date
from importlib.resources import files

import pytest
from django.db import IntegrityError

from auscult.demo.register import invented_npi, write_register
from auscult.registry.actions import CannotLoadRegister, load_register, set_benchmark
from auscult.registry.models import FrameCell, RegisterLoad, RegisterRecord
from auscult.registry.queries import get_frame_page, match_record
from auscult.registry.sources.files import UnusableRegisterFile
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import NotAllowed
from auscult.shared.standing import CONSOLE, READER

pytestmark = pytest.mark.django_db
HEADER = next(csv.reader([files("auscult.registry").joinpath("data/nppes_header_v2.csv").read_text().splitlines()[0]]))
NAME = "npidata_pfile_20050523-20090630.csv"


def row(index, *, header=HEADER, **values):
    fields = dict.fromkeys(header, "")
    fields |= {
        "NPI": invented_npi(index),
        "Entity Type Code": "1",
        "Provider Last Name (Legal Name)": "ALDERTON",
        "Provider First Name": "ADA",
        "Provider Sex Code" if "Provider Sex Code" in header else "Provider Gender Code": "F",
        "Provider Business Practice Location Address State Name": "NY",
        "Provider Enumeration Date": "05/06/1999",
        "Last Update Date": "05/06/2008",
        "Healthcare Provider Taxonomy Code_1": "207R00000X",
        "Healthcare Provider Primary Taxonomy Switch_1": "Y",
        "Provider License Number_1": "NY123456",
        "Provider License Number State Code_1": "NY",
    }
    return '"' + '","'.join((fields | values).values()) + '"'


def write(path, rows, *, header=HEADER, end="\n", encoding="utf-8"):
    path.write_bytes((end.join(['"' + '","'.join(header) + '"', *rows]) + end).encode(encoding))
    return path


def load(path, now, **options):
    return load_register(path, standing=CONSOLE, now=now, **options)


@pytest.fixture
def good(tmp_path):
    return write(tmp_path / NAME, [row(index) for index in range(30)])


def test_a_file_becomes_records_a_frame_and_an_audit_event(good, now):
    loaded = load(good, now)
    assert (loaded.load.rows, loaded.load.kept, loaded.frame.total) == (30, 30, 30)
    assert loaded.frame.as_of == date(2009, 6, 30)
    cell = FrameCell.objects.get(frame=loaded.frame)
    assert (cell.specialty_group, cell.state, cell.sex, cell.career, cell.persons) == ("WG01", "NY", "F", "10-17", 30)
    assert loaded.frame.margins["region"] == {"Northeast": 30}
    assert AuditEvent.objects.filter(event="registry.register.load").count() == 1
    assert get_frame_page().by_sex == [("female", 30)]


def test_the_same_file_twice_changes_nothing(good, now):
    first = load(good, now)
    second = load(good, now)
    assert second.repeated
    assert second.load == first.load
    assert RegisterLoad.objects.count() == 1


def test_rows_in_equal_kept_and_deactivated_and_others_and_rejected(tmp_path, now):
    rows = [row(index) for index in range(20_000)]
    rows += [
        row(20_000, **{"Entity Type Code": "2"}),
        row(20_001, **{"Healthcare Provider Taxonomy Code_1": "163W00000X"}),
    ]
    blank = dict.fromkeys(HEADER, "")
    rows.append(
        '"' + '","'.join((blank | {"NPI": invented_npi(20_002), "NPI Deactivation Date": "01/02/2008"}).values()) + '"'
    )
    rows.append(row(20_003, NPI="1234567890"))
    load_ = load(write(tmp_path / NAME, rows), now).load
    assert (load_.rows, load_.kept, load_.deactivated, load_.other, load_.rejected) == (20_004, 20_000, 1, 2, 1)
    assert load_.reasons == {"NPI is not valid": 1}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path, now, end):
    path = write(tmp_path / NAME, [row(index) for index in range(5)], end=end)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path, now).load.kept == 5


def test_the_older_header_with_gender_and_without_certification_is_read(tmp_path, now):
    header = [c.replace("Provider Sex Code", "Provider Gender Code") for c in HEADER if c != "Certification Date"]
    assert len(header) == 329
    path = write(tmp_path / NAME, [row(index, header=header) for index in range(5)], header=header)
    assert load(path, now).load.kept == 5
    assert RegisterRecord.objects.filter(sex="F").count() == 5


def test_a_quote_inside_a_value_is_read_by_the_csv_rules(tmp_path, now):
    value = 'DEPT OF ""MEDICINE"", RM 1'
    rows = [row(0, **{"Provider Second Line Business Practice Location Address": value})]
    assert load(write(tmp_path / NAME, rows), now).load.kept == 1


def test_a_zip_of_the_demonstration_is_read(tmp_path, now):
    path = tmp_path / "x.zip"
    write_register(path, 300)
    loaded = load(path, now)
    assert loaded.load.kept == 300
    assert loaded.load.rows == 315


def refused(path, now, match, kind=UnusableRegisterFile, **options):
    before = list(RegisterRecord.objects.values_list())
    with pytest.raises(kind, match=match):
        load(path, now, **options)
    assert list(RegisterRecord.objects.values_list()) == before
    assert RegisterLoad.objects.count() == (1 if before else 0)


def test_refusals_of_the_file_itself(tmp_path, now, good):
    refused(tmp_path / "absent.csv", now, "There is no file")
    refused(write(tmp_path / "other.csv", [row(1)]), now, "--as-of")
    refused(write(tmp_path / NAME, [], header=["NPI", "Name"]), now, "lacks")
    refused(write(tmp_path / NAME, []), now, "no physician", CannotLoadRegister)
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    refused(empty, now, "0 files named")
    whole = tmp_path / "whole.zip"
    write_register(whole, 2000)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-2000])
    refused(cut, now, "header|damaged|lacks")


def test_a_damaged_zip_member_is_refused(tmp_path, now):
    whole = tmp_path / "whole.zip"
    write_register(whole, 2000)
    data = bytearray(whole.read_bytes())
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF
    whole.write_bytes(bytes(data))
    refused(whole, now, "damaged|cannot be read")


def test_too_many_bad_lines_are_refused_with_line_numbers(tmp_path, now):
    rows = [row(index) for index in range(50)]
    rows[7] = '"only","three","fields"'
    refused(write(tmp_path / NAME, rows), now, "line 9: not the expected columns", CannotLoadRegister)


def test_latin_1_and_impossible_dates_are_bad_lines(tmp_path, now):
    rows = [row(index, **{"Provider First Name": "JOSÉ"}) for index in range(10)]
    refused(write(tmp_path / NAME, rows, encoding="latin-1"), now, "not the expected columns", CannotLoadRegister)
    rows = [row(index, **{"Provider Enumeration Date": "2009-06-30"}) for index in range(10)]
    refused(write(tmp_path / NAME, rows), now, "MM/DD/YYYY", CannotLoadRegister)


def test_the_same_npi_twice_is_refused(tmp_path, now):
    refused(write(tmp_path / NAME, [row(1), row(1)]), now, "same number twice", CannotLoadRegister)


def test_a_file_that_shrank_is_refused_and_the_register_stays(tmp_path, now, good):
    load(good, now)
    refused(write(tmp_path / NAME, [row(index) for index in range(20)]), now, "not in this file", CannotLoadRegister)


def test_who_is_missing_is_marked_and_never_deleted(tmp_path, now):
    load(write(tmp_path / NAME, [row(index) for index in range(200)]), now)
    load(write(tmp_path / NAME, [row(index) for index in range(1, 201)]), now)
    assert RegisterRecord.objects.get(number=invented_npi(0)).status == "missing"
    assert RegisterRecord.objects.count() == 201


def test_only_an_operator_loads(good, now):
    with pytest.raises(NotAllowed):
        load_register(good, standing=READER, now=now)


def test_matching_is_the_same_none_for_every_mismatch(good, now):
    load(good, now)
    facts = {
        "number": invented_npi(3),
        "last_name": "Alderton",
        "first_name": "Ada",
        "licence": "123456",
        "licence_state": "ny",
    }
    match = match_record(**facts, on=now.date())
    assert match is not None
    assert (match.full_name, match.career) == ("Ada Alderton", "10-17")
    for wrong in (
        {"number": invented_npi(99)},
        {"number": "1234567890"},
        {"last_name": "Alder"},
        {"first_name": "Bea"},
        {"licence": "9"},
        {"licence_state": "CA"},
    ):
        assert match_record(**(facts | wrong), on=now.date()) is None


def test_a_benchmark_needs_people_and_a_source(now):
    good = {
        "code": "x",
        "words": "US physicians",
        "persons": 954_000,
        "as_of": date(2009, 12, 31),
        "definition": "d",
        "source": "s",
    }
    assert set_benchmark(standing=CONSOLE, now=now, **good).persons == 954_000
    for wrong in ({"persons": 0}, {"source": ""}, {"definition": ""}):
        with pytest.raises(ValueError, match="needs"):
            set_benchmark(standing=CONSOLE, now=now, **(good | wrong))
    with pytest.raises(NotAllowed):
        set_benchmark(standing=READER, now=now, **good)


def test_the_database_itself_refuses_a_cell_twice(good, now):
    frame = load(good, now).frame
    cell = frame.cells.get()
    with pytest.raises(IntegrityError):
        FrameCell.objects.create(
            frame=frame, specialty_group="WG01", state="NY", sex="F", career=cell.career, persons=1
        )


def test_an_old_file_does_not_bring_a_deactivated_record_back(tmp_path, now):
    load(write(tmp_path / NAME, [row(index) for index in range(200)]), now)
    report = tmp_path / "report.csv"
    report.write_text(
        "NPPES Deactivated NPI Report as of 07/10/2009,\nNPI,NPPES Deactivation Date\n"
        f"{invented_npi(3)},07/08/2009\n,\n"
    )
    assert load(report, now).load.changes["deactivated"] == 1
    week = "npidata_pfile_20090701-20090705.csv"
    loaded = load(write(tmp_path / week, [row(3, **{"Last Update Date": "07/02/2009"}), row(4)]), now)
    assert (loaded.load.changes["reactivated"], loaded.load.changes["older"]) == (0, 1)
    assert RegisterRecord.objects.get(number=invented_npi(3)).status == "deactivated"
    week = "npidata_pfile_20090706-20090712.csv"
    newer = {
        "Last Update Date": "07/11/2009",
        "NPI Deactivation Date": "07/08/2009",
        "NPI Reactivation Date": "07/11/2009",
    }
    assert load(write(tmp_path / week, [row(3, **newer)]), now).load.changes["reactivated"] == 1


def test_a_file_cut_in_the_middle_of_a_line_is_refused(tmp_path, now):
    path = write(tmp_path / NAME, [row(index) for index in range(30_000)])
    path.write_bytes(path.read_bytes()[:-300])
    refused(path, now, "ends in the middle of a line")
    path.write_bytes(write(path, [row(index) for index in range(50)]).read_bytes().rstrip(b"\n"))
    assert load(path, now).load.kept == 50  # a last line without its end is whole


def test_a_field_of_ten_megabytes_is_one_bad_line(tmp_path, now):
    rows = [row(index) for index in range(20_000)]
    rows[77] = row(77, **{"Provider First Name": "A" * 10_000_000})
    loaded = load(write(tmp_path / NAME, rows), now)
    assert (loaded.load.rejected, loaded.load.kept, loaded.bad_lines) == (1, 19_999, [(79, "not the expected columns")])


def test_an_extra_column_is_read_by_name_and_an_extra_field_is_a_bad_line(tmp_path, now):
    header = ["Brand New Column", *HEADER]
    assert load(write(tmp_path / NAME, [row(i, header=header) for i in range(5)], header=header), now).load.kept == 5
    rows = [row(index) for index in range(20_000)]
    rows[5] += ',"one more"'
    other = tmp_path / "npidata_pfile_20050523-20090731.csv"
    assert load(write(other, rows), now).load.reasons == {"not the expected columns": 1}
    doubled = [*HEADER, "NPI"]
    refused_twice = write(tmp_path / "npidata_pfile_20050523-20090831.csv", [], header=doubled)
    with pytest.raises(UnusableRegisterFile, match="'NPI' twice"):
        load(refused_twice, now)


@pytest.mark.parametrize("damage", ['"', '""', '"x', "\0", '","'])
def test_stray_quotes_reject_their_line_and_no_other(tmp_path, now, damage):
    rows = [row(index) for index in range(20_000)]
    rows[9] = rows[9].replace("ALDERTON", f"ALD{damage}ERTON")
    loaded = load(write(tmp_path / NAME, rows), now)
    assert loaded.load.rejected + loaded.load.kept == 20_000
    assert loaded.load.rejected <= 1
    assert RegisterRecord.objects.exclude(number=invented_npi(9)).exclude(last_name="ALDERTON").count() == 0
