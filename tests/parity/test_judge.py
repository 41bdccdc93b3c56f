"""``python -m parity judge``: what learners hand in, and what they are told."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from parity import commands, engine, registry
from parity.commands import check

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
            "class Tanh defines nothing of what ours does; is forward meant?",
        ),
        (
            "from scratchnet import nn\n"
            "class Tanh(nn.Tanh):\n"
            "    def __init__(self): super().__init__()\n"
            "    def extra_repr(self): return ''",
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


def test_the_exit_status_of_the_process(homework):
    run = subprocess.run(
        [sys.executable, "-m", "parity", "judge", str(homework)], check=False
    )
    assert run.returncode == 1


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
    assert "Stopped: after 1 s" in printed
    assert "(forward, line 4)" in printed or "(forward, line 5)" in printed
    (relu,) = registry.choose(["ReLU"])
    assert f"1 of {1 + len(relu.cases)} cases FAILED" in printed
    status, printed = judged("while True: pass\n", tmp_path, capsys, "--timeout", "1")
    assert status == 2
    assert "homework.py: Stopped: after 1 s" in printed
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
            "scratchnet.random.default_generator",
        ),
        (
            a_linear("return super().backward(g)", "return super().forward(x)[..., 1]"),
            "ValueError: forward expects to return the shape (4, 3), got (4,)",
        ),
        (
            a_linear("return super().backward(g)", "return super().forward(x), x"),
            "ValueError: forward expects to return one array, got a tuple of 2: what "
            "backward needs is kept on self",
        ),
        (
            a_linear("return None", "return super().forward(x).astype(int)"),
            "TypeError: forward expects to return floating numbers, got int",
        ),
        (
            "class Embedding(nn.Embedding):\n"
            "    def backward(self, g, input_grad=True):\n"
            "        super().backward(g)\n"
            "        return self.weight.grad\n",
            "ValueError: backward expects to return None for input 0, which is of "
            "int64, got an array of shape",
        ),
        (
            "class Tanh(nn.Tanh):\n"
            "    def forward(self, x):\n"
            "        self.y = super().forward(x)\n"
            "        return self.y\n"
            "    def backward(self, g):\n"
            "        g = super().backward(g)\n"
            "        self.y *= 2\n"
            "        return g\n",
            "ValueError: backward writes to the output that forward returned",
        ),
        (
            "class MSELoss(nn.MSELoss):\n"
            "    def backward(self, grad_output=1.0):\n"
            "        return super().backward(grad_output / grad_output)\n",
            "Whatever grad_output is, backward returns the same: multiply by it.",
        ),
        (
            "class SGD(optim.SGD):\n"
            "    def step(self, closure=None):\n"
            "        super().step(closure)\n",
            "TypeError: step expects to return the closure's loss, got None",
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


UNFILLED = """
import numpy as np
class ReLU(nn.ReLU):
    def forward(self, x):
        self.on = x > 0
        return np.where(self.on | np.isnan(x), x, 0)
    def backward(self, g):
        grad = np.empty_like(g)
        grad[self.on] = g[self.on]
        return grad
"""


def test_judge_sees_what_np_empty_left_unfilled(tmp_path, capsys):
    makers = np.empty, np.empty_like
    status, printed = judged(UNFILLED, tmp_path, capsys)
    assert status == 1
    assert "are NaN: is 0 divided by 0, or an array of np.empty not filled?" in printed
    filled = UNFILLED.replace("empty_like", "zeros_like")
    assert judged(filled, tmp_path, capsys)[0] == 0
    assert (np.empty, np.empty_like) == makers


OVERFLOWING = """
import numpy as np
class Sigmoid(nn.Sigmoid):
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y
    def backward(self, g):
        return g * self.y * (1 - self.y)
"""


def test_judge_lets_a_warning_pass_where_the_numbers_are_right(tmp_path, capsys):
    file = tmp_path / "verdict.json"
    status, printed = judged(OVERFLOWING, tmp_path, capsys, "--json", str(file))
    assert status == 0, printed
    said = "overflow encountered in exp (homework.py, line 6)"
    assert f"of 9 cases, which by itself is no fault: {said}" in printed
    cases = json.loads(file.read_text())["cases"]
    assert {case["warning"] for case in cases} == {"", said}
    wrong = OVERFLOWING.replace("self.y = 1 /", "self.y = np.exp(x) * 1 /")
    status, printed = judged(wrong, tmp_path, capsys, "-k", "10000")
    assert status == 1
    assert "Warned: overflow encountered in exp (homework.py, line 6)" in printed


def test_judge_switches_autograd_on_for_itself_alone(tmp_path, capsys):
    source = (
        "import torch\n"
        "torch.set_grad_enabled(False)\n"
        "class ReLU(nn.ReLU):\n"
        "    def backward(self, g):\n"
        "        return 2 * super().backward(g)\n"
    )
    try:
        status, printed = judged(source, tmp_path, capsys)
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
    assert status == 1
    assert "grad input 0, against stock torch" in printed
    assert "Every element is 2 times what it should be." in printed


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm")
def test_judge_stops_what_catches_every_exception(tmp_path, capsys):
    layer = (
        "class Tanh(nn.Tanh):\n"
        "    def forward(self, x):\n"
        "        while True:\n"
        "            try:\n"
        "                while True: x.sum()\n"
        "            except Exception: pass\n"
    )
    status, printed = judged(layer, tmp_path, capsys, "--timeout", "1")
    assert status == 1
    assert "Stopped: after 1 s" in printed


def test_judge_does_not_count_what_torch_takes_to_load(tmp_path, monkeypatch, capsys):
    seen = []
    check_ = engine.check

    def noted(pair, case, *arguments, **options):
        ours = getattr(registry.owner(pair), pair.name).__module__ != "judged"
        seen.append((pair.name, ours, signal.getitimer(signal.ITIMER_REAL)[0] > 0))
        return check_(pair, case, *arguments, **options)

    monkeypatch.setattr(engine, "check", noted)
    source = RIGHT + "class SGD(optim.SGD):\n    def f(self): pass\n    update = 1\n"
    judged(source, tmp_path, capsys, "-k", "ordinary")
    assert seen == [("SGD", True, False), ("SGD", False, True)]


def test_judge_names_what_it_is_asked_for_before_what_it_finds(tmp_path, capsys):
    source = "class MSELoss(nn.MSELoss):\n    def f(self): pass\n"
    status, printed = judged(source, tmp_path, capsys, "Linear")
    assert status == 2
    assert "homework.py holds no class Linear" in printed


def test_judge_reads_the_file_that_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = "class Tanh(nn.Tanh):\n    def f(self, x):\n        return {} * x\n"
    file = tmp_path / "homework.py"
    said = []
    for factor in (2, 3):
        file.write_text("from scratchnet import nn\n" + source.format(factor))
        os.utime(file, (1e9, 1e9))
        commands.main(["judge", str(file), "-k", "() on (normal(4, 5))"])
        said.append(re.search("got (.*?),", capsys.readouterr().out)[1])
    assert len(set(said)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["homework.py"]


@pytest.mark.parametrize("raised", ["GeneratorExit", "Silent"])
def test_judge_takes_whatever_is_raised(raised, tmp_path, capsys):
    source = (
        "class Silent(Exception):\n"
        "    def __str__(self): raise ValueError\n"
        "class Tanh(nn.Tanh):\n"
        "    def forward(self, x):\n"
        f"        raise {raised}\n"
    )
    status, printed = judged(source, tmp_path, capsys)
    assert status == 1
    assert f"{raised}: " in printed
    assert "(forward, line 6)" in printed
    status, printed = judged(f"{source}raise {raised}\n", tmp_path, capsys)
    assert status == 2
    assert f"homework.py: {raised}: " in printed


def test_judge_passes_over_functions_of_ours(tmp_path, capsys):
    status, printed = judged(f"class kaiming_uniform_: pass{RIGHT}", tmp_path, capsys)
    assert status == 0, printed
