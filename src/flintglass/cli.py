"""The command line: ``flintglass run``, ``flintglass demo``, ``flintglass doctor`` and ``flintglass --version``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from flintglass import __version__
from flintglass.errors import FlintglassError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code says whether it worked."""
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
    commands.add_parser(
        "doctor", help="tell which engine runs here, on which instructions, with how many threads, and why"
    )
    given = parser.parse_args(arguments)
    # Pipes and old terminals may know ASCII only; the bar's signs must not end the run there.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if given.command == "run":
            from flintglass.compat.running import run as run_script

            return run_script(given.target, given.arguments, given.module, given.save_figures)
        if given.command == "doctor":
            from flintglass.doctor import report

            print(report())
        else:
            from flintglass.demo import run

            run(given.picture)
    except FlintglassError as error:
        print(f"flintglass: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flintglass: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
