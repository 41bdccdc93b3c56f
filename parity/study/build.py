"""Pages to files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from parity import registry
from parity.case import Pair
from parity.files import write_text
from parity.study import curve, prose, source, verdict
from parity.study.pages import Page, faults, holding, subject

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Record:
    """A page that was written, and how many cases on it failed."""

    page: Page
    file: Path
    failed: int


def write(
    pages: Sequence[Page], results: verdict.Results, output: Path
) -> Iterator[Record]:
    """Write the pages, one after another, then the index and the stylesheet.

    Pages that are there already stay. The index names them all, and has the verdict of
    those that are written now: of the others it knows none.

    Raises
    ------
    ValueError
        If a docstring cannot be read.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = [page.name for page in pages]
    there = [
        page
        for page in holding(registry.PAIRS)
        if page.name in names or (output / page.path).exists()
    ]
    places = {
        pair.name: f"{page.path}#{pair.name}" for page in there for pair in page.pairs
    }
    index: dict[str, list[tuple[Page, list[dict[str, Any]]]]] = {}
    for number, page in enumerate(there):
        if page.name not in names:
            index.setdefault(page.namespace, []).append((page, []))
            continue
        links = {name: page.root + where for name, where in places.items()}
        entries = [_entry(pair, links, results) for pair in page.pairs]
        _open(entries)
        index.setdefault(page.namespace, []).append((page, entries))
        file = _write(
            output / page.path,
            environment.get_template("page.html").render(
                page=page,
                root=page.root,
                entries=entries,
                about=results["environment"],
                previous=there[number - 1] if number else None,
                next=there[number + 1] if number + 1 < len(there) else None,
            ),
        )
        yield Record(page, file, sum(e["verdict"]["failed"] for e in entries))
    text = environment.get_template("index.html").render(
        index=index, root="", about=results["environment"]
    )
    _write(output / "index.html", text)
    _write(output / "style.css", (TEMPLATES / "style.css").read_text(encoding="utf-8"))


def _entry(
    pair: Pair, links: dict[str, str], results: verdict.Results
) -> dict[str, Any]:
    """Return what the page says of one pair."""
    ours, ours_below = source.numpy_side(pair)
    theirs, theirs_below = source.torch_side(pair)
    return {
        "pair": pair,
        "prose": prose.read(subject(pair), links),
        "curve": curve.draw(pair),
        "sides": [("NumPy", ours, ours_below), ("PyTorch", theirs, theirs_below)],
        "faults": faults(pair),
        "verdict": verdict.of(pair, results),
    }


def _open(entries: list[dict[str, Any]]) -> None:
    """Note which code lies open: at its first place, what is not from far away."""
    seen: set[Any] = set()
    for entry in entries:
        entry["open"] = set()
        for _, piece, below in entry["sides"]:
            for each in (piece, *below):
                near = isinstance(each.thing, type) or each.file == piece.file
                if near and each.thing not in seen:
                    entry["open"].add(each.thing)
                seen.add(each.thing)


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    return file
