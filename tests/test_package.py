"""The package as it is shipped: scratchnet alone, on NumPy alone."""

from __future__ import annotations

import ast
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
TRAINING = """
import sys
import numpy as np
import scratchnet as sn
from scratchnet import nn, optim

sn.manual_seed(0)
x = sn.randn(64, 8)
target = (x[:, 0] > 0).astype(int)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=1e-2)
losses = []
for _ in range(60):
    losses.append(float(criterion(model(x), target)))
    optimizer.zero_grad()
    model.backward(criterion.backward())
    optimizer.step()
assert losses[-1] < losses[0] / 4, losses
assert "torch" not in sys.modules
print("trained")
"""


@pytest.mark.parametrize(
    "file",
    sorted((ROOT / "scratchnet").rglob("*.py")),
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_module_imports_torch(file):
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert "torch" not in imported


def test_importing_all_of_it_brings_numpy_alone():
    code = (
        "import pkgutil, importlib, sys, scratchnet\n"
        "for m in pkgutil.walk_packages(scratchnet.__path__, 'scratchnet.'):\n"
        "    importlib.import_module(m.name)\n"
        "heavy = {'torch', 'matplotlib', 'scipy', 'tqdm', 'pooch'}\n"
        "print(sorted(heavy & {*sys.modules}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_wheel_trains_where_there_is_only_numpy(tmp_path):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            tmp_path,
            ROOT,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    numpy = f"numpy=={np.__version__}"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel, numpy], check=True)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    installed = {line.partition("==")[0] for line in listed.splitlines()}
    assert installed - {"pip", "setuptools", "wheel"} == {"numpy", "scratchnet"}
    run = subprocess.run(
        [python, "-W", "error", "-c", TRAINING],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.stdout == "trained\n"
    packages = {p.name for p in environment.glob("lib/*/site-packages/*")}
    assert not {"parity", "benchmarks", "tests"} & packages
