"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import batched
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Sum

from auscult.registry.matching import first_name_note, last_name_note, licence_note
from auscult.registry.models import (
    Benchmark,
    Frame,
    FrameCell,
    FreshnessCheck,
    RecordVersion,
    RegisterLoad,
    RegisterRecord,
)
from auscult.registry.npi import is_npi, normalise_npi
from auscult.registry.rules import (
    Contact,
    Contacts,
    RecordMatch,
    RecordStatus,
    career_band,
    coarsen,
    specialty_name,
)
from auscult.registry.sources.rpps import is_rpps_number
from auscult.registry.taxonomy import group_names, region_of, specialties
from auscult.shared import crypto

#: Weighting variables of a coarse stratum, in the order of its fields.
STRATUM_VARIABLES = ("specialty", "region", "sex", "career")


def find_frame(kind: str = "") -> Frame | None:
    """The newest frame of the instance's register, or None before the first load.

    Args:
        kind: ``all`` or ``active-N``; the instance's own (AUSCULT_FRAME) where empty.
    """
    frames = Frame.objects.select_related("load").filter(load__register=settings.REGISTER)
    return frames.filter(kind=kind or settings.FRAME).first()


def list_denominators() -> list[tuple[str, str, int, date]]:
    """Every denominator that a share may be taken of: newest frames of each kind and register, then benchmarks.

    Returns:
        Code, words, persons and date of each.
    """
    frames = Frame.objects.order_by("load__register", "kind", "-as_of", "-id").distinct("load__register", "kind")
    found = [
        (f"{frame.load.register}:{frame.kind}", frame.definition, frame.total, frame.as_of)
        for frame in frames.select_related("load")
    ]
    return found + [(b.code, b.words, b.persons, b.as_of) for b in Benchmark.objects.all()]


def find_benchmark(code: str) -> Benchmark | None:
    """The benchmark of that code, or None."""
    return Benchmark.objects.filter(code=code).first()


def list_benchmarks() -> list[tuple[str, str]]:
    """Code and words of every benchmark, the largest population first."""
    return [
        (found.code, f"{found.words} ({found.persons:,})") for found in Benchmark.objects.order_by("-persons", "code")
    ]


def coarse_margins(frame_id: int) -> dict[str, dict[str, int]]:
    """Margins of a frame in the coarse strata, counted from its cells: variable → level → persons."""
    margins: dict[str, dict[str, int]] = {variable: {} for variable in STRATUM_VARIABLES}
    rows = FrameCell.objects.filter(frame_id=frame_id).values_list(
        "specialty_group", "state", "sex", "career", "persons"
    )
    for group, state, sex, career, persons in rows:
        stratum = coarsen(group, state, sex, career)
        for variable in STRATUM_VARIABLES:
            level = getattr(stratum, variable)
            margins[variable][level] = margins[variable].get(level, 0) + persons
    return {variable: dict(sorted(levels.items())) for variable, levels in margins.items()}


@dataclass(frozen=True)
class FramePage:
    """What the public page of the frame shows."""

    frame: Frame | None
    load: RegisterLoad | None
    by_specialty: list[tuple[str, int]]
    by_region: list[tuple[str, int]]
    by_sex: list[tuple[str, int]]
    by_career: list[tuple[str, int]]
    others: list[Frame]
    benchmarks: list[Benchmark]


def get_frame_page() -> FramePage:
    """The newest frame by specialty, region, sex and career band, with the benchmarks beside it."""
    frame = find_frame()
    benchmarks = list(Benchmark.objects.all())
    if frame is None:
        return FramePage(None, None, [], [], [], [], [], benchmarks)
    names = group_names()

    def margin(field: str) -> list[tuple[str, int]]:
        rows = FrameCell.objects.filter(frame=frame).values_list(field).annotate(persons=Sum("persons"))
        return [(level, persons) for level, persons in rows.order_by(field)]

    regions: dict[str, int] = {}
    for state, persons in margin("state"):
        regions[region_of(state)] = regions.get(region_of(state), 0) + persons
    sexes = {"F": "female", "M": "male", "U": "not stated"}
    specialties = sorted(((names[g], n) for g, n in margin("specialty_group")), key=lambda row: -row[1])
    career = sorted(margin("career"), key=lambda row: int(row[0].split("-")[0].rstrip("+")))
    return FramePage(
        frame,
        frame.load,
        specialties,
        sorted(regions.items(), key=lambda row: -row[1]),
        [(sexes[sex], persons) for sex, persons in margin("sex")],
        [(f"{band} years", persons) for band, persons in career],
        list(
            Frame.objects.exclude(pk=frame.pk)
            .order_by("load__register", "kind", "-as_of", "-id")
            .distinct("load__register", "kind")
            .select_related("load")
        ),
        benchmarks,
    )


def normalise_number(text: str) -> str:
    """A number as typed, without what people type around the digits of an NPI or RPPS number."""
    return (normalise_npi(text) if settings.REGISTER in {"nppes", "rpps"} else text.strip())[:20]


def is_number(register: str, number: str) -> bool:
    """Whether a number is possible in a register."""
    if register == "nppes":
        return is_npi(number)
    if register == "rpps":
        return is_rpps_number(number)
    return bool(number) and number.isascii() and number.isprintable()


def match_record(
    *,
    number: str,
    last_name: str,
    first_name: str,
    licence: str,
    licence_state: str,
    on: date,
    statuses: Collection[RecordStatus] = (RecordStatus.ACTIVE,),
) -> RecordMatch | None:
    """Find the record that a person claims; a match says which record is meant and proves nothing.

    The same look-ups and comparisons are made whether or not there is such a record, so that the time tells little.

    Args:
        number: of the instance's register.
        last_name: legal last name as typed.
        first_name: first name as typed.
        licence: one licence number.
        licence_state: its state, two letters.
        on: today, for the career band.
        statuses: what the record may be; a retired physician's may be deactivated.

    Returns:
        The match, or None for every kind of mismatch alike.
    """
    register = settings.REGISTER
    record = RegisterRecord.objects.filter(register=register, number=number).first() or _NOBODY
    former = _former_last_names(number)
    licences = [(known, state) for known, state in record.licences]
    notes = (
        last_name_note(last_name, record.last_name, (record.other_last_name, *former)),
        first_name_note(first_name, record.first_name),
        licence_note(licence, licence_state, licences),
    )
    sound = (
        is_number(register, number)
        and record.status in statuses
        and licence_state.upper() in {record.state, *(state for _, state in licences)}
    )
    if not sound or None in notes or record is _NOBODY:
        return None
    return _match(record, tuple(note for note in notes if note), on)


#: Compared where there is no record of that number.
_NOBODY = RegisterRecord(
    register="", number="", last_name="A LONG NAME", first_name="NOBODY", licences=[["12345", "ZZ"]], status="missing"
)


def _match(record: RegisterRecord, notes: tuple[str, ...], on: date) -> RecordMatch:
    known = specialties().get(record.specialty_code)
    return RecordMatch(
        register=record.register,
        number=record.number,
        full_name=f"{record.first_name} {record.last_name}".title(),
        specialty=specialty_name(record.specialty_code, record.specialty_group),
        specialty_group=record.specialty_group,
        state=record.state,
        sex=record.sex,
        career=career_band(record.enumerated_on, on),
        notes=notes,
        updated_on=record.updated_on,
        shared_code=bool(known and known.shared_with),
    )


def names_fit(number: str, last_name: str, first_name: str) -> bool:
    """Whether typed names are those of a record of the instance's register, as matching has it."""
    record = RegisterRecord.objects.filter(register=settings.REGISTER, number=number).first()
    if record is None:
        return False
    known = (record.other_last_name, *_former_last_names(number))
    return (
        last_name_note(last_name, record.last_name, known) is not None
        and first_name_note(first_name, record.first_name) is not None
    )


def _former_last_names(number: str) -> list[str]:
    rows = RecordVersion.objects.filter(register=settings.REGISTER, number=number).values_list("was", flat=True)
    return [was["last_name"] for was in rows]


def find_record(number: str, on: date) -> tuple[RecordMatch, RecordStatus] | None:
    """A record of the instance's register by its number, with its status; for what follows after a claim."""
    record = RegisterRecord.objects.filter(register=settings.REGISTER, number=number).first()
    return (_match(record, (), on), RecordStatus(record.status)) if record else None


def find_contacts(number: str) -> Contacts | None:
    """How the register reaches the holder of a record, with how long it says so and how many share it; or None."""
    record = RegisterRecord.objects.filter(register=settings.REGISTER, number=number).first()
    if record is None:
        return None
    active = RegisterRecord.objects.filter(register=record.register, status=RecordStatus.ACTIVE)
    return Contacts(
        phone=Contact(
            record.phone, record.phone_since, active.filter(phone=record.phone).count() if record.phone else 0
        ),
        fax=Contact(record.fax, record.fax_since, active.filter(fax=record.fax).count() if record.fax else 0),
        # An address is reached by name, so it does not matter how many work there.
        address=Contact(record.address, record.address_since, 1 if record.address else 0),
    )


def find_freshness(number: str) -> FreshnessCheck | None:
    """What the register's own service last said of a record, or None."""
    return FreshnessCheck.objects.filter(mark=crypto.fingerprint(number, "freshness")).first()


class ChangedRecord(NamedTuple):
    """What a load says now of a record that it added or changed.

    Attributes:
        stratum: specialty group, state, sex, and career band, as ``find_record`` gives them.
    """

    number: str
    is_active: bool
    is_deactivated: bool
    stratum: tuple[str, str, str, str]


def list_changed_records(load_id: int, on: date, *, batch_size: int) -> Iterator[list[ChangedRecord]]:
    """Records of the instance's register that a load added or changed, in batches.

    Args:
        on: today, for the career band.
    """
    rows = RegisterRecord.objects.filter(load_id=load_id, register=settings.REGISTER).values_list(
        "number", "status", "specialty_group", "state", "sex", "enumerated_on"
    )
    active, deactivated = RecordStatus.ACTIVE.value, RecordStatus.DEACTIVATED.value
    # Records share some ten thousand days of enumeration, and the band of each is computed once.
    band = cache(lambda enumerated_on: career_band(enumerated_on, on))
    for batch in batched(rows.iterator(chunk_size=batch_size), batch_size, strict=False):
        yield [
            ChangedRecord(
                number,
                status == active,
                status == deactivated,
                (group, state, sex, band(enumerated_on)),
            )
            for number, status, group, state, sex, enumerated_on in batch
        ]


@dataclass(frozen=True)
class RegisterStatus:
    """What ``auscult registry status`` prints of one register.

    Attributes:
        age_days: since the day up to which the register is loaded.
    """

    register: str
    as_of: date
    age_days: int
    by_status: list[tuple[str, int]]
    by_specialty: list[tuple[str, int]]
    by_state: list[tuple[str, int]]
    frames: list[Frame]
    loads: list[RegisterLoad]


def list_register_statuses(now: datetime, *, loads: int = 10) -> list[RegisterStatus]:
    """Loads, counts by status, specialty and state, and age of the data, for every register that is loaded."""
    found = []
    names = group_names()
    for register in RegisterLoad.objects.order_by("register").values_list("register", flat=True).distinct():
        records = RegisterRecord.objects.filter(register=register)
        active = records.filter(status=RecordStatus.ACTIVE)

        def count(rows: object, field: str) -> list[tuple[str, int]]:
            tally = rows.values_list(field).annotate(n=Count("number")).order_by("-n", field)  # type: ignore[attr-defined]
            return [(level, n) for level, n in tally]

        # A report says who is deactivated and leaves the day of everything else as it was.
        last = RegisterLoad.objects.filter(register=register).exclude(kind="report").first()
        as_of = last.as_of if last else now.date()
        frames = Frame.objects.filter(load__register=register).order_by("kind", "-as_of", "-id").distinct("kind")
        found.append(
            RegisterStatus(
                register,
                as_of,
                (now.date() - as_of).days,
                count(records, "status"),
                [(names[group], n) for group, n in count(active, "specialty_group")],
                count(active, "state"),
                list(frames),
                list(RegisterLoad.objects.filter(register=register)[:loads]),
            )
        )
    return found
