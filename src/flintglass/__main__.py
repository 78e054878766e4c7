"""``python -m flintglass``: the command line, for where its script is not on the PATH."""

from __future__ import annotations

import sys

from flintglass.cli import main

if __name__ == "__main__":
    sys.exit(main())
