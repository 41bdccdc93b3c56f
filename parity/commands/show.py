"""``python -m parity show NAME``: both implementations, side by side."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax

from parity import registry
from parity.arguments import positive
from parity.case import Pair

EXAMPLES = """\
examples:
  python -m parity show Linear
  python -m parity show CrossEntropyLoss --width 200

exit status: 0, or 2 if the command is misused
"""


def main(arguments: Sequence[str]) -> int:
    """Print the NumPy code and the torch twin of what is named."""
    parser = argparse.ArgumentParser(
        "python -m parity show",
        description="Show a layer in NumPy beside its torch twin.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", metavar="NAME", help="a class, or a file")
    parser.add_argument(
        "--width", type=positive, help="columns (default: the terminal's)"
    )
    options = parser.parse_args(arguments)
    try:
        pairs = registry.choose(options.names)
    except LookupError as error:
        parser.error(str(error))
    console = Console(width=options.width)
    for pair in pairs:
        sides = [
            _panel(f"scratchnet.{pair.namespace}.{pair.name}", numpy_source(pair)),
            _panel(f"{pair.name} in torch", inspect.getsource(pair.twin)),
        ]
        wide = console.width >= 160
        console.print(Columns(sides, width=console.width // 2 - 1) if wide else "")
        if not wide:
            console.print(*sides, sep="\n")
    return 0


def numpy_source(pair: Pair) -> str:
    """Return the source of the NumPy side and of its bases, docstrings and all."""
    piece = getattr(registry.owner(pair), pair.name)
    return "\n\n".join(map(inspect.getsource, (piece, *registry.bases(pair))))


def _panel(title: str, source: str) -> Panel:
    code = Syntax(source.rstrip(), "python", theme="ansi_dark", word_wrap=True)
    return Panel(code, title=title, title_align="left")
