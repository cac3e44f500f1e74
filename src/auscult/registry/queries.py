"""Reads of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from auscult.registry.models import Benchmark, Frame, FrameCell, RegisterLoad, RegisterRecord
from auscult.registry.npi import is_npi
from auscult.registry.rules import RecordMatch, career_band, coarsen, licence_agrees, names_agree, specialty_name
from auscult.registry.taxonomy import group_names, region_of

#: Weighting variables of a coarse stratum, in the order of its fields.
STRATUM_VARIABLES = ("specialty", "region", "sex", "career")


def find_frame() -> Frame | None:
    """The newest frame, or None before the first load."""
    return Frame.objects.select_related("load").first()


def find_benchmark(code: str) -> Benchmark | None:
    """The benchmark of that code, or None."""
    return Benchmark.objects.filter(code=code).first()


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
    benchmarks: list[Benchmark]


def get_frame_page() -> FramePage:
    """The newest frame by specialty, region, sex and career band, with the benchmarks beside it."""
    frame = find_frame()
    benchmarks = list(Benchmark.objects.all())
    if frame is None:
        return FramePage(None, None, [], [], [], [], benchmarks)
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
        benchmarks,
    )


def match_record(
    *, npi: str, last_name: str, first_name: str, licence: str, licence_state: str, on: date
) -> RecordMatch | None:
    """Find the record that a person claims; a match says which record is meant and proves nothing.

    Args:
        npi: ten digits.
        last_name: legal last name as typed.
        first_name: first name as typed.
        licence: one licence number.
        licence_state: its state, two letters.
        on: today, for the career band.

    Returns:
        The match, or None for every kind of mismatch alike.
    """
    record = RegisterRecord.objects.filter(pk=npi).first() if is_npi(npi) else None
    if record is None or record.status != RegisterRecord.Status.ACTIVE:
        return None
    licences = [(number, state) for number, state in record.licences]
    if not names_agree(last_name, first_name, record.last_name, record.first_name, record.other_last_name):
        return None
    if not licence_agrees(licence, licence_state, licences):
        return None
    if licence_state.upper() not in {record.state, *(state for _, state in licences)}:
        return None
    return RecordMatch(
        npi=record.npi,
        full_name=f"{record.first_name} {record.last_name}".title(),
        specialty=specialty_name(record.taxonomy_code),
        specialty_group=record.specialty_group,
        state=record.state,
        sex=record.sex,
        career=career_band(record.enumerated_on, on),
        phone=record.phone,
    )
