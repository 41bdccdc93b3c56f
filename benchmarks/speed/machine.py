"""What the machine can do, and how much memory a process has used."""

from __future__ import annotations

import platform
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from parity.arguments import processors

SIZE = 1024  # of the square matrices multiplied
NUMBERS = 1 << 24  # in each array streamed, 64 MiB: more than caches hold
TIMES = 8
#: Kernels of OpenBLAS that make use of AVX-512.
WIDE = ("SkylakeX", "Cooperlake", "SapphireRapids")


def peak_memory(reset: bool = False) -> int:
    """Return the most memory that this process has held at a time, in bytes.

    On Linux the high-water mark of the resident set, which a `reset` lowers to what is
    held now: `ru_maxrss` would there begin with the parent's. Elsewhere `ru_maxrss`.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        import resource  # Windows has none.

        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reset:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(lines["VmHWM"].split()[0])


def processor() -> str:
    """Return the name of the processor."""
    return _of_processor("model name") or platform.processor() or platform.machine()


def too_narrow(kernels: str | None) -> bool:
    """Whether these kernels of OpenBLAS are for processors with narrower registers.

    They are where OpenBLAS does not know the processor yet: it then takes those of an
    older one, whose products may take three times as long.
    """
    return "avx512f" in _of_processor("flags").split() and kernels not in (None, *WIDE)


def _of_processor(field: str) -> str:
    """Return what Linux says of the processor, nothing elsewhere."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        line = next(line for line in lines if line.startswith(field))
        return line.partition(":")[2].strip()
    return ""


def environment() -> dict[str, Any]:
    """Return what does not depend on a side."""
    import scratchnet

    return {
        "scratchnet": scratchnet.__version__,
        "python": platform.python_version(),
        "processor": processor(),
        "processors": processors(),
    }


def peaks(multiply: Any, add: Any, full: Any) -> dict[str, float]:
    """Return GFLOP/s of a float32 product, and GB/s of c = a + b, of one library.

    Parameters
    ----------
    multiply, add : callable
        With two arrays, and ``out``.
    full : callable
        Makes an array of a shape, filled with a number.
    """
    a, b, c = (full((SIZE, SIZE), 0.5) for _ in range(3))
    product = _fastest(lambda: multiply(a, b, out=c))
    a, b, c = (full((NUMBERS,), 0.5) for _ in range(3))
    stream = _fastest(lambda: add(a, b, out=c))
    return {
        "gflops": 2e-9 * SIZE**3 / product,
        "gb_per_s": 1e-9 * 3 * a.itemsize * NUMBERS / stream,
    }


def _fastest(work: Any) -> float:
    times = []
    for _ in range(TIMES):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)
