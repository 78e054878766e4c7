"""What every test starts from."""

from __future__ import annotations

import signal
from contextlib import suppress

# A process that a shell started in the background ignores Ctrl-C, and so would the tests of it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long a case takes is no assertion: on a busy machine, or with a sanitizer, drawing one may take a second.
with suppress(ImportError):  # not everywhere where Keras is compared with
    from hypothesis import HealthCheck, settings

    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
