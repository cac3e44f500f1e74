"""``auscult weight``: the statistics for any csv file, without an instance."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--margins",
    "margins_file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Population totals: a csv file with the columns variable, level and total.",
)
@click.option("--question", "questions", multiple=True, required=True, help="A column to estimate; may be repeated.")
@click.option("--by", help="A column whose values are estimated apart.")
@click.option("--base-weight", help="A column of design weights. Without it every row weighs the same.")
@click.option("--fewest", default=25, show_default=True, help="Levels with fewer respondents are taken together.")
@click.option("--level", default=0.95, show_default=True, type=click.FloatRange(0.5, 0.999), help="Confidence.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option(
    "--weights", "weights_file", type=click.Path(path_type=Path), help="Write the data with their weights here."
)
def weight(
    data: Path,
    margins_file: Path,
    questions: tuple[str, ...],
    by: str | None,
    base_weight: str | None,
    fewest: int,
    level: float,
    form: str,
    weights_file: Path | None,
) -> None:
    """Rake the rows of DATA.csv to known totals and estimate shares with intervals. Needs no instance."""
    from auscult.statistics import weighing
    from auscult.statistics.errors import CannotEstimate

    try:
        header, rows = weighing.read_table(data)
        margins = weighing.read_margins(margins_file)
        result = weighing.weigh_rows(
            header, rows, margins, questions, by=by, base_weight=base_weight, fewest=fewest, level=level
        )
        if weights_file:
            if weights_file.exists():
                raise click.ClickException(f"{weights_file} exists already; nothing was written.")
            weights_file.write_text(weighing.weighted_csv(header, rows, result, "weight"), encoding="utf-8")
    except (CannotEstimate, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo({"table": weighing.as_text, "json": weighing.as_json, "csv": weighing.as_csv}[form](result))
