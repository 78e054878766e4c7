"""What Python runs at its start in a process of ``flintglass run``, and in the Python processes that it starts.

The folder of this file stands on PYTHONPATH there. Another Python, without flintglass, is left as it is.
"""

import importlib.machinery
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run_the_one_behind() -> None:
    """The sitecustomize that this one hides, if there is one, runs as it would have."""
    path = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


run_the_one_behind()
if importlib.util.find_spec("flintglass") is not None:
    from flintglass.compat import install

    install()
