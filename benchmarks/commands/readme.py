"""``python -m benchmarks readme``: the README's tables, from the records."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import experiments
from benchmarks.experiment import UNUSABLE
from parity.files import write_text

DESCRIPTION = """\
Write the tables of the README from the JSON records of earlier runs. A table stands
between <!-- begin NAME --> and <!-- end NAME -->; one without records stays as it is,
and one that would lose a row, for want of a record, is refused.
"""
EXAMPLES = """\
examples:
  python -m benchmarks run --all && python -m benchmarks readme
  python -m benchmarks readme --records elsewhere --file OTHER.md

exit status: 0 when the file was written, 2 if it or the records cannot be used
"""

Record = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Rewrite the tables for which there are records."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks readme",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="default results",
    )
    parser.add_argument(
        "--file", type=Path, default=Path("README.md"), help="default README.md"
    )
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        folder = options.records
        found = {name: sorted(folder.glob(f"{name}-*.json")) for name in TABLES}
        if not any(found.values()):
            parser.error(f"there are no records in {folder}")
        for name, files in found.items():
            if files:
                text = replaced(text, name, table_of(name, files))
        write_text(options.file, text)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return 0


def table_of(name: str, files: Sequence[Path]) -> str:
    """Return the table of these records; say which files hold none."""
    records = []
    for file in files:
        try:
            records.append(json.loads(file.read_text(encoding="utf-8")))
            TABLES[name].make(records[-1:])
        except UNUSABLE as error:
            raise ValueError(f"{file} cannot be used: {error!r}") from None
    return TABLES[name].make(records)


def replaced(text: str, name: str, table: str) -> str:
    """Return `text` with another table between the marks of `name`."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, _, rest = text.partition(begin)
    if (times := text.count(begin)) != 1 or rest.count(end) != 1:
        raise ValueError(f"expected the marks of {name} once, found {times}")
    old, _, after = rest.partition(end)
    there, made = (titles(each, TABLES[name].told_by) for each in (old, table))
    if missing := [title for title in dict.fromkeys(there) if title not in made]:
        raise ValueError(f"no record of {name} has: {'; '.join(missing)}")
    return before + begin + table + end + after


def titles(table: str, cells: int) -> list[str]:
    """Return the headings of a table, and the first cells of each of its rows.

    >>> titles("| who | s |\\n|---|---:|\\n| we | 2 |\\n| you | 3 |\\n\\nA note.", 1)
    ['who', 's', 'we', 'you']
    """
    lines = [line.strip("| ") for line in table.splitlines() if line.startswith("| ")]
    headings, *rows = [line.split(" | ") for line in lines] or [[]]
    return headings + [", ".join(row[:cells]) for row in rows]


def alike(notes: Iterable[str]) -> str:
    """Return the note beneath a table, which must be true of every record."""
    different = sorted(set(notes))
    if len(different) > 1:
        raise ValueError(f"expected records made alike, got: {' '.join(different)}")
    return different[0]


def mnist(records: Sequence[Record]) -> str:
    """Return one row for each run of the MNIST benchmark."""
    lines = [
        "| digits | dtype | accuracy, ours | torch's | largest \\|Δloss\\| "
        "| predictions that differ | s / epoch, ours | torch's "
        "| ms / step, ours | torch's |",
        "|---|---" + "|---:" * 8 + "|",
    ]
    in_order = sorted(records, key=lambda r: (r["test_images"], r["recipe"]["dtype"]))
    for record in in_order:
        recipe, sides = record["recipe"], record["sides"]
        ours, theirs = sides["scratchnet"], sides["torch"]
        cells = (
            f"{recipe['dataset']}, {recipe['epochs']} epochs",
            recipe["dtype"],
            f"{ours['test_accuracy']:.2%}",
            f"{theirs['test_accuracy']:.2%}",
            _number(record["largest_loss_difference"]),
            f"{record['predictions_that_differ']} of {record['test_images']:,}",
            f"{ours['seconds_per_epoch']:.2f}",
            f"{theirs['seconds_per_epoch']:.2f}",
            f"{1e3 * ours['seconds_per_step']:.2f}",
            f"{1e3 * theirs['seconds_per_step']:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", alike(map(_recipe, records)), ""])


def _recipe(record: Record) -> str:
    recipe, about = record["recipe"], record["environment"]
    return (
        f"{'-'.join(map(str, recipe['sizes']))}, {recipe['optimizer']}, "
        f"batch {recipe['batch_size']}, {recipe['threads']} threads on each side; "
        f"NumPy {about['numpy']}, torch {about['torch']}, {about['machine']}."
    )


def _number(value: float | None) -> str:
    """Return a difference; JSON has no NaN, and holds None for it."""
    return "NaN" if value is None else f"{value:.0e}"


def experiment(records: Sequence[Record]) -> str:
    """Return one row for each finding of an experiment."""
    lines = [
        "| document | experiment | finding | published | ours | |",
        "|---|---|---|---|---|---|",
    ]
    if quick := [record["experiment"] for record in records if record.get("quick")]:
        raise ValueError(f"expected full runs, got quick ones of {', '.join(quick)}")
    by_name = {record["experiment"]: record for record in records}
    for name in experiments.NAMES:
        record = by_name.get(name, {"findings": []})
        for finding in record["findings"]:
            cells = (
                record["document"],
                f"`{name}`",
                *(finding[key] for key in ("claim", "published", "ours", "verdict")),
            )
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Return `text` in one line, without what would end the cell or the table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<!--", "&lt;!--")


def speed(records: Sequence[Record]) -> str:
    """Return one row for each training step, with columns for each run."""
    records = sorted(records, key=lambda record: record["threads"])
    headings, rows = ["training step"], {}
    for record in records:
        threads = f"{record['threads']} thread" + "s" * (record["threads"] > 1)
        headings += [
            f"{threads}: ratio [95 %]",
            "limit",
            "to torch's best",
            "% of peak",
        ]
        for work in record["workloads"]:
            if work["kind"] == "step":
                rows.setdefault(work["name"], {})[record["threads"]] = work
    lines = ["| " + " | ".join(headings) + " |"]
    lines.append("|---" + "|---:" * (len(headings) - 1) + "|")
    for name, works in rows.items():
        if len(works) < len(records):
            raise ValueError(f"{name} was timed on {', '.join(map(str, works))} only")
        cells = [name.removeprefix("step/")]
        for work in works.values():
            cells += _of_step(work)
        lines.append("| " + " | ".join(cells) + " |")
    peaks = " and ".join(f"{r['machine']['gflops']:.0f}" for r in records)
    note = (
        "Time of scratchnet / time of torch in a round of turns, the median; batch 64 "
        "unless said; in bold what is above its limit. "
        f"{alike(map(_machine, records))}, {peaks} GFLOP/s at most."
    )
    return "\n".join([*lines, "", note, ""])


def _machine(record: Record) -> str:
    ours, theirs = (record["sides"][side] for side in ("scratchnet", "torch"))
    return (
        f"NumPy {ours['numpy']} with {ours['blas']} ({ours['kernels']} kernels), "
        f"torch {theirs['torch']}, {record['environment']['processor']}"
    )


def _of_step(work: Record) -> list[str]:
    """Return the cells of one training step on one number of threads."""
    ratio, best = work["ratio"], work["ratio_to_best"]["value"]
    value = f"{ratio['value']:.2f}"
    if work["met"] is False:
        value = f"**{value}**"
    of_peak = work["sides"]["scratchnet"]["fraction_of_peak"]
    return [
        f"{value} [{ratio['low']:.2f}, {ratio['high']:.2f}]",
        f"{work['limit']:.2f}" if work["limit"] else "",
        f"{best:.2f} ({work['best']})",
        f"{100 * of_peak:.0f}",
    ]


class Table(NamedTuple):
    """What makes a table of records, and how many first cells tell its rows apart."""

    make: Callable[[Sequence[Record]], str]
    told_by: int


TABLES = {
    "mnist": Table(mnist, 2),
    "experiment": Table(experiment, 2),
    "speed": Table(speed, 1),
}
