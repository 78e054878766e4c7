"""The doctor says which engine runs, and why; the command line prints it."""

from __future__ import annotations

import numpy as np
import pytest

from flintglass import cli, config, doctor
from flintglass.engines import engine as engines


@pytest.fixture
def settings():
    before, threads = config.engine(), config.threads()
    yield
    config.set_engine(before)
    config.set_threads(threads)


def test_it_names_the_engine_that_runs_and_who_chose_it(settings) -> None:
    config.set_engine("numpy")
    told = doctor.report()
    assert "engine:          numpy" in told
    assert "config.set_engine" in told or "FLINTGLASS_ENGINE" in told
    assert "BLAS" in told


def test_it_names_instructions_and_threads_of_the_native_engine(settings) -> None:
    try:
        engines.engine("native")
    except ImportError as error:
        pytest.skip(str(error))
    config.set_engine("native")
    config.set_threads(3)
    engines.engine().apply("negative", [np.ones(3)], {})
    told = doctor.report()
    assert "engine:          native" in told
    assert any(name in told for name in ("avx512", "avx2", "baseline"))
    assert "3 of" in told


def test_the_command_prints_the_report(settings, capsys) -> None:
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.startswith("flintglass:")
