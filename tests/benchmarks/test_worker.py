"""Workers: they say why they failed, and end when they are to."""

from __future__ import annotations

import os
import runpy
import sys
import time
from multiprocessing import active_children

import pytest

from benchmarks import commands
from benchmarks.experiment import laboratory
from benchmarks.worker import Worker, workers
from parity import THREAD_VARIABLES


class Failing:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("the real reason")


class Slow:
    """Takes longer than anyone waits."""

    def sleep(self) -> None:
        time.sleep(600)

    def end(self) -> None:
        os._exit(3)


def test_why_a_worker_could_not_be_made_is_said_later_too():
    worker = Worker(Failing)
    worker._process.join()
    with pytest.raises(ValueError, match="the real reason"):
        worker.ask("sleep")
    worker.close()


def test_a_worker_that_ended_without_a_word_is_told():
    worker = Worker(Slow)
    with pytest.raises(RuntimeError, match="a worker ended: 3"):
        worker.ask("end")
    worker.close()


def test_an_interrupt_ends_workers_at_once():
    with pytest.raises(KeyboardInterrupt), workers(1, {"slow": Slow}) as running:
        running["slow"]._pipe.send(("sleep", ()))
        start = time.perf_counter()
        raise KeyboardInterrupt
    assert time.perf_counter() - start < 60  # not the 600 s that it sleeps
    assert not active_children()


def test_an_interrupt_ends_a_laboratory():
    with pytest.raises(KeyboardInterrupt), laboratory() as pool:
        pool.submit(time.sleep, 600)
        raise KeyboardInterrupt
    assert not active_children()


def test_an_interrupt_is_one_line_and_status_130(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "main", interrupted)
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("benchmarks", run_name="__main__")
    assert stop.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_threads_of_accelerate_are_pinned_too():
    assert "VECLIB_MAXIMUM_THREADS" in THREAD_VARIABLES


def test_the_command_line_is_passed_on(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "log", "--help"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("benchmarks", run_name="__main__")
    assert stop.value.code == 0
    assert "python -m benchmarks log" in capsys.readouterr().out
