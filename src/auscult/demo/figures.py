"""The figures of the demonstration, printed beside what they must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from auscult.demo.size import Size
from auscult.demo.story import SHARES
from auscult.evidence.verifier import FALSE, verify_bundle
from auscult.publishing.actions import export_cells
from auscult.publishing.models import Checkpoint, Release
from auscult.publishing.queries import get_bundle
from auscult.shared.standing import CONSOLE
from auscult.statistics.intervals import simple_random_half_width
from auscult.statistics.representativeness import overlap_bounds


@dataclass
class Line:
    """One figure: what, value as printed, what it must be, and whether it is."""

    what: str
    value: str
    expected: str
    right: bool


def collect(size: Size, release: Release, *, exact: bool) -> list[Line]:
    """Figures of the release.

    Args:
        exact: compare with the figures of 2009; false for a smaller demonstration, whose figures follow its size.
    """
    card, weighting = release.results["card"], release.results["weighting"]
    questions = {q["question"]: q for q in release.results["questions"]}
    lines: list[Line] = []

    def line(what: str, value: str, expected: str | None = None, right: bool | None = None) -> None:
        ok = right if right is not None else expected is None or value == expected
        lines.append(Line(what, value, expected or "", ok))

    def expected(text: str) -> str | None:
        return text if exact else None

    line("respondents", f"{card['respondents']:,}", f"{size.ballots:,}")
    line("members", f"{card['members']:,}", f"{size.members:,}")
    line("universe", f"{card['universe']:,}", f"{size.universe:,}")
    line("respondents / members", f"{card['participation']:.1%}", expected("4.2%"))
    line("members / universe", f"{card['coverage']:.1%}", "10.5%")
    for code, share in SHARES.items():
        question = questions[code]
        no = next(a for a in question["answers"] if a["answer"] == "no")
        line(f"{code}: raw", f"{no['raw_share']:.0%}", f"{share:.0%}")
        line(f"{code}: base", f"{question['base']:,}", f"{size.ballots:,}")
        low, high = no["low"], no["high"]
        sound = low < no["share"] < high and abs(no["share"] - no["raw_share"]) < 0.1
        line(f"{code}: weighted", f"{no['share']:.1%} ({low:.1%} to {high:.1%})", None, sound)
        line(f"{code}: design effect, effective n", f"{no['design_effect']:.2f}, {no['n_effective']:,.0f}",
             None, 0.5 < no["design_effect"] < 3)  # fmt: skip
    for code, odds in (("speaks_for_me", "8.1"), ("reflects_opinion", "10.1"), ("ama_member", "3.0")):
        line(f"{code}: tipping odds", f"{questions[code]['leading']['tipping_odds']:.1f}", expected(odds))
    speaks = questions["speaks_for_me"]["leading"]
    bounds = f"{speaks['worst_case_low']:.2%} to {speaks['worst_case_high']:.2%}"
    line("speaks_for_me: worst case over the universe", bounds, expected("0.39% to 99.95%"))
    member = next(a for a in questions["ama_member"]["answers"] if a["answer"] == "yes")["raw_share"]
    no = next(a for a in questions["speaks_for_me"]["answers"] if a["answer"] == "no")["raw_share"]
    least = overlap_bounds(member, no).low / member
    line("at least so many of the AMA members who answered agree", f"{least:.0%}", expected("56%"))
    half = simple_random_half_width(no, size.ballots)
    line(
        "half-width of a random sample, never printed as a margin", f"{100 * half:.2f} points", expected("0.95 points")
    )
    line("design effect of the weights, effective n", f"{weighting['design_effect']:.2f}, {weighting['n_effective']:,.0f}",
         None, weighting["design_effect"] >= 1)  # fmt: skip
    worst = weighting["worst_relative_error"]
    line("raking", f"{weighting['iterations']} iterations, worst margin {worst:.0e}", None, worst < 1e-9)
    sentence = f"{card['subject']} …"
    line("sentence permitted", sentence, f"Of the {size.ballots:,} who answered …", "US physicians" not in sentence
         and sentence == f"Of the {size.ballots:,} who answered …")  # fmt: skip
    return lines


def print_and_check(size: Size, *, exact: bool, folder: Path) -> int:
    """Print the table, verify the bundle with and without the cell table; 1 if anything is wrong, else 0."""
    from auscult.demo.story import STORY_NOW

    release = Release.objects.defer("bundle").get(number=1)
    lines = collect(size, release, exact=exact)
    checkpoint = Checkpoint.objects.first()
    if checkpoint is None:
        lines.append(Line("root of the record", "none", "a root", False))
    else:
        lines.append(Line(f"root of the record, {checkpoint.tree_size} entries", checkpoint.root, "", True))
    width = max(len(line.what) for line in lines)
    for line in lines:
        must = f"  must be {line.expected}" if line.expected and line.expected != line.value else ""
        click.echo(f"{'ok   ' if line.right else 'WRONG'} {line.what:<{width}}  {line.value}{must}")
    path = folder / "bundle.zip"
    path.write_bytes(get_bundle(1))
    cells = export_cells(standing=CONSOLE, now=STORY_NOW, number=1)
    checks = verify_bundle(path.read_bytes(), cells=cells)
    for check in checks:
        click.echo(f"{'ok   ' if check.verdict != FALSE else 'WRONG'} verify {check.what}: {check.detail}")
    false = [line for line in lines if not line.right]
    broken = [check for check in checks if check.verdict == FALSE]
    if false:
        click.echo(f"{len(false)} figures are wrong.")
    click.echo(f"verify: {'FALSE' if broken else 'ok'}")
    return 1 if false or broken else 0
