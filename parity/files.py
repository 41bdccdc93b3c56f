"""Files that commands write: all or nothing."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: one that fails leaves the old file as it was.

    Raises
    ------
    OSError
        If it cannot be written; it is named.
    """
    path = Path(os.path.realpath(path))  # A link stays one: what it names is replaced.
    if path.exists() and not path.is_file():  # A terminal, say, cannot be replaced.
        path.write_text(text, encoding="utf-8")
        return
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
