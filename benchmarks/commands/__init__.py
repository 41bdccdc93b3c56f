"""The commands of ``python -m benchmarks``, one a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.commands import (
    experiments,
    log,
    mnist,
    networks,
    optimizers,
    readme,
    run,
    scale,
    speed,
    wars,
)

COMMANDS = {
    "experiments": experiments,
    "log": log,
    "mnist": mnist,
    "networks": networks,
    "optimizers": optimizers,
    "readme": readme,
    "run": run,
    "scale": scale,
    "speed": speed,
    "wars": wars,
}

USAGE = """\
usage: python -m benchmarks COMMAND [--help]

commands:
  experiments  list the experiments
  log          sum up the experiments that were run: one line a record
  mnist        train the same network on both sides: accuracy, losses, seconds
  networks     networks of every family, fifty steps on both sides
  optimizers   every optimiser on two problems, both sides drawn
  readme       write the tables of the README from the records of earlier runs
  run          run experiments: what was published beside what is found here
  scale        how the cost grows with batch, width, depth, channels and length
  speed        how long every layer and whole training steps take, on both sides
  wars         any networks against one another, under one budget of time
"""


def main(arguments: Sequence[str]) -> int:
    """Run a command; return the exit status."""
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]].main(arguments[1:])
    asked = bool(arguments) and arguments[0] in ("-h", "--help")
    print(USAGE, file=sys.stdout if asked else sys.stderr, end="")
    return 0 if asked else 2
