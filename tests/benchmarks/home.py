"""Workers that work in this very process, where all is imported already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Here:
    """Answers as a `benchmarks.worker.Worker` does."""

    def __init__(self, subject: Any) -> None:
        self.subject = subject

    def ask(self, method: str, *arguments: Any) -> Any:
        return getattr(self.subject, method)(*arguments)


@contextmanager
def at_home(
    threads: int, builders: dict[str, Any], *arguments: Any
) -> Iterator[dict[str, Here]]:
    """Stand in for `benchmarks.worker.workers`."""
    yield {name: Here(build(*arguments)) for name, build in builders.items()}
