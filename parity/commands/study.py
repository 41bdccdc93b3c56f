"""``python -m parity study``: the side-by-side pages."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from parity import registry, report
from parity.arguments import made
from parity.commands import check

DESCRIPTION = """\
Write the study pages: for each file the mathematics, the NumPy code beside its torch
twin, and the verdict of the cases that compare them. They are plain files that need
no network: open index.html.

Without a NAME all pages are written. A NAME is a class (Linear), a file (activation)
or a namespace (nn, optim), and gives the pages that it is on.
"""
EXAMPLES = """\
examples:
  python -m parity study
  python -m parity study Linear LSTM --output pages
  python -m parity --json parity.json; python -m parity study --results parity.json

exit status: 0 if the pages are written, 1 if a case on them fails, 2 if the command is
misused
"""


def main(arguments: Sequence[str]) -> int:
    """Write the pages of what is named; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m parity study",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only their pages")
    parser.add_argument(
        "--output", type=Path, default=Path("site"), metavar="DIR", help="default site"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="what python -m parity --json wrote (default: run the cases now)",
    )
    options = parser.parse_args(arguments)
    try:  # Only now: the other commands do without what the pages are made with.
        from parity import study
        from parity.study import verdict
    except ImportError as error:
        parser.error(f"{error}: the pages need the extra study")
    try:
        pairs = registry.choose(options.names) if options.names else registry.PAIRS
        pages = study.holding(pairs)
        results = verdict.load(options.results, pages) if options.results else None
    except (LookupError, ValueError, OSError) as error:
        parser.error(str(error))
    made(parser, options.output)
    if results is None:
        chosen = [(p, case) for page in pages for p in page.pairs for case in p.cases]
        start = time.perf_counter()
        found = list(check.run_on_all_cores(chosen, seed=0))
        results = report.as_json(found, report.environment(time.perf_counter() - start))
    bar = tqdm(
        study.write(pages, results, options.output),
        total=len(pages),
        unit="page",
        leave=False,
        disable=None,
    )
    written = list(bar)
    for record in written:
        if record.failed:
            print(f"{record.file}: {record.failed} cases FAILED")
    print(f"{len(written)} pages: {options.output / 'index.html'}")
    return 1 if any(record.failed for record in written) else 0
