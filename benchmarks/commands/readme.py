"""``python -m benchmarks readme``: the README's tables, from the records."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import experiments

DESCRIPTION = """\
Write the tables of the README from the JSON records of earlier runs. A table stands
between <!-- begin NAME --> and <!-- end NAME -->; one without records stays as it is.
"""
EXAMPLES = """\
examples:
  python -m benchmarks mnist && python -m benchmarks readme
  python -m benchmarks run --all && python -m benchmarks readme

exit status: 0 when the file was written, 2 if it or the records cannot be read
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
    parser.add_argument("--records", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--file", type=Path, default=Path("README.md"))
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        folder = options.records
        found = {name: sorted(folder.glob(f"{name}-*.json")) for name in TABLES}
        if not any(found.values()):
            parser.error(f"there are no records in {folder}")
        for name, files in found.items():
            records = [json.loads(file.read_text(encoding="utf-8")) for file in files]
            if records:
                text = replaced(text, name, TABLES[name](records))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    options.file.write_text(text, encoding="utf-8")
    return 0


def replaced(text: str, name: str, table: str) -> str:
    """Return `text` with another table between the marks of `name`."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    if (times := text.count(begin)) != 1 or text.count(end) != 1:
        raise ValueError(f"expected the marks of {name} once, found {times}")
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: begin + table + end, text, flags=re.DOTALL)


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
            f"{record['largest_loss_difference']:.0e}",
            f"{record['predictions_that_differ']} of {record['test_images']:,}",
            f"{ours['seconds_per_epoch']:.2f}",
            f"{theirs['seconds_per_epoch']:.2f}",
            f"{1e3 * ours['seconds_per_step']:.2f}",
            f"{1e3 * theirs['seconds_per_step']:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    about, recipe = records[0]["environment"], records[0]["recipe"]
    lines += [
        "",
        f"784-128-64-10, {recipe['optimizer']}, batch {recipe['batch_size']}, "
        f"{recipe['threads']} threads on each side; NumPy {about['numpy']}, torch "
        f"{about['torch']}, {about['machine']}.",
        "",
    ]
    return "\n".join(lines)


def experiment(records: Sequence[Record]) -> str:
    """Return one row for each finding of an experiment."""
    lines = [
        "| document | experiment | finding | published | ours | |",
        "|---|---|---|---|---|---|",
    ]
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
    return text.replace("|", "\\|")


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
        cells = [name.removeprefix("step/")]
        for record in records:
            cells += _of_step(works.get(record["threads"]))
        lines.append("| " + " | ".join(cells) + " |")
    it, sides = records[0]["environment"], records[0]["sides"]
    peaks = " and ".join(f"{r['machine']['gflops']:.0f}" for r in records)
    lines += [
        "",
        "Time of scratchnet / time of torch in a round of turns, the median; batch 64 "
        "unless said; in bold what is above its limit. "
        f"NumPy {sides['scratchnet']['numpy']} with OpenBLAS's kernels for "
        f"{sides['scratchnet']['kernels']}, torch {sides['torch']['torch']}, "
        f"{it['processor']}, {peaks} GFLOP/s at most.",
        "",
    ]
    return "\n".join(lines)


def _of_step(work: Record | None) -> list[str]:
    """Return the cells of one training step on one number of threads."""
    if work is None:
        return [""] * 4
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


TABLES: dict[str, Callable[[Sequence[Record]], str]] = {
    "mnist": mnist,
    "experiment": experiment,
    "speed": speed,
}
