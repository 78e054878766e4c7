"""The command line: ``flintglass run``, ``compare``, ``demo``, ``doctor`` and ``flintglass --version``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from flintglass import __version__
from flintglass.errors import FlintglassError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code says whether it worked."""
    given = _parser().parse_args(arguments)
    # Pipes and old terminals may know ASCII only; the bar's signs must not end the run there.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return _do(given)
    except FlintglassError as error:
        print(f"flintglass: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flintglass: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flintglass", description="Dense networks as short, readable programs that train and explain themselves."
    )
    parser.add_argument("--version", action="version", version=f"flintglass {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train two small networks, print what runs, explain a step, draw a picture")
    demo.add_argument("--picture", default="flintglass-demo.png", help="where the picture is written")
    script = commands.add_parser(
        "run",
        help="run a script, its imports of TensorFlow and Keras answered by flintglass",
        usage="flintglass run [--save-figures DIR] [-m] SCRIPT-OR-MODULE [ARGS ...]",
    )
    script.add_argument("--save-figures", metavar="DIR", help="save the figures that the script shows or leaves open")
    script.add_argument("-m", action="store_true", dest="module", help="run a module, as python -m does")
    script.add_argument("target", metavar="SCRIPT")
    script.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="what the script is given")
    _add_compare(commands)
    commands.add_parser(
        "doctor", help="tell which engine runs here, on which instructions, with how many threads, and why"
    )
    return parser


def _add_compare(commands: Any) -> None:
    both = commands.add_parser(
        "compare",
        help="run a script here and under the Keras that is installed, and compare times, memory and losses",
        usage="flintglass compare [--python INTERPRETER] [--backend NAME] [--picture FILE] SCRIPT [ARGS ...]",
    )
    both.add_argument("--python", metavar="INTERPRETER", help="the Python that has Keras; this one unless given")
    both.add_argument("--backend", choices=("jax", "tensorflow", "torch"), help="what Keras computes with")
    both.add_argument("--picture", metavar="FILE", help="draw both loss curves into this file (.svg, .png, .pdf)")
    both.add_argument("target", metavar="SCRIPT")
    both.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="what the script is given")


def _do(given: argparse.Namespace) -> int:
    """The command that was given; returns its exit code."""
    if given.command == "run":
        from flintglass.compat.running import run as run_script

        return run_script(given.target, given.arguments, given.module, given.save_figures)
    if given.command == "compare":
        from flintglass.comparing import compare

        return compare(given.target, given.arguments, given.python, given.backend, given.picture)
    if given.command == "doctor":
        from flintglass.doctor import report

        print(report())
    else:
        from flintglass.demo import run

        run(given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
