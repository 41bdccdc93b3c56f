"""The proof: what the cases of a pair said, from the engine or from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from parity import measure
from parity.case import Pair
from parity.study.pages import Page

Results = dict[str, Any]
FIGURES = ("float64_error", "float32_error", "torch_float32_error")
#: What the pages say of where the cases were run.
ABOUT = ("scratchnet", "numpy", "torch", "python", "machine")


def load(path: Path, pages: Iterable[Page]) -> Results:
    """Read what ``python -m parity --json FILE`` wrote.

    Raises
    ------
    ValueError
        If the file holds something else, or other cases than those of the pages.
    OSError
        If it cannot be read.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        for case in results["cases"]:
            [case[key] for key in ("namespace", "name", "case")]
            if not isinstance(case["passed"], bool):
                raise TypeError(f"expected passed to be true or false in {case}")
            [_figure(case[key]) for key in FIGURES]
        [results["environment"][key] for key in ABOUT]
    except (
        LookupError,
        ValueError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        what = f"{path}: expected the file of python -m parity --json"
        raise ValueError(what) from error
    for page in pages:
        for pair in page.pairs:
            rows = _rows(pair, results)
            if [row["case"] for row in rows] != [str(case) for case in pair.cases]:
                name = f"{pair.namespace}.{pair.name}"
                raise ValueError(
                    f"{path} has other cases of {name} than there are now: "
                    "run python -m parity --json anew"
                )
    return results


def of(pair: Pair, results: Results) -> dict[str, Any]:
    """Return the rows of the pair, its worst figures, and how many cases failed."""
    rows = _rows(pair, results)
    return {
        "rows": [_shown(row) for row in rows],
        "worst": {key: _figure(_worst(rows, key)) for key in FIGURES},
        "gate": f"{measure.float64_gate(pair.namespace):.0e}",
        "failed": sum(not row["passed"] for row in rows),
    }


def _rows(pair: Pair, results: Results) -> list[dict[str, Any]]:
    name = (pair.namespace, pair.name)
    return [
        case for case in results["cases"] if (case["namespace"], case["name"]) == name
    ]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {key: _figure(row[key]) for key in FIGURES}


def _worst(rows: Sequence[dict[str, Any]], key: str) -> float | None:
    known = [float(row[key]) for row in rows if row[key] is not None]
    return max(known, default=None)


def _figure(value: float | str | None) -> str:
    if value is None:
        return "–"
    return "0" if float(value) == 0 else f"{float(value):.1e}"
