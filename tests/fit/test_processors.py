"""How the native engine behaves on a machine that is not its own: fewer processors, containers, forks, other fits."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from flintglass.engines.engine import engine

try:
    MACHINE = engine("native").machine
except ImportError as error:  # an install without a compiler, which the NumPy engine serves
    pytest.skip(str(error), allow_module_level=True)

MODEL = """
    import os
    import sys
    import numpy as np
    import flintglass as fg
    from flintglass import config, layers, models

    def weights(width=40, threads=0):
        config.set_threads(threads)
        fg.utils.set_random_seed(3)
        x = np.linspace(-1, 1, 600 * width, dtype="float32").reshape(600, width)
        model = models.Sequential(
            [layers.Input((width,)), layers.Dense(300, activation="relu"), layers.Dense(1)]
        )
        model.compile("adam", "mse")
        model.fit(x, x.sum(1), batch_size=200, epochs=2, verbose=0)
        return b"".join(part.tobytes() for part in model.get_weights())
"""


def run(script: str, **options) -> str:
    """What a script prints in a process of its own; it must end well within a minute."""
    script = textwrap.dedent(MODEL) + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
def test_after_a_fork_parent_and_child_train_on_and_find_the_same() -> None:
    script = """
        before = weights(threads=3)
        child = os.fork()
        if child == 0:
            os._exit(0 if weights(threads=3) == before and weights(threads=2) == before else 7)
        again = weights(threads=3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), again == before)
    """
    assert run(script).split() == ["0", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
def test_a_fork_while_another_thread_trains_leaves_a_child_that_can_train() -> None:
    script = """
        import threading
        before = weights(threads=2)
        ending = threading.Event()

        def train():
            while not ending.is_set():
                weights(threads=2)

        thread = threading.Thread(target=train)
        thread.start()
        found = []
        for _ in range(5):
            child = os.fork()
            if child == 0:
                x = np.ones((600, 40), "float32")
                model = models.Sequential([layers.Input((40,)), layers.Dense(300), layers.Dense(1)])
                model.compile("adam", "mse")
                model.fit(x, x.sum(1), batch_size=200, verbose=0)
                os._exit(0)
            found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        ending.set()
        thread.join()
        print(found)
    """
    assert run(script).strip() == "[0, 0, 0, 0, 0]"


# Three places in which the other thread can be when the process forks: inside a step, between two, and not training.
FORKS = """
    import threading
    model = models.Sequential([layers.Input((40,)), layers.Dense(300), layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((600, 40), "float32")
    here, go_on = threading.Event(), threading.Event()

    class Stopping(fg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            here.set()
            go_on.wait(60)

    def in_child(work):
        child = os.fork()
        if child == 0:
            try:
                work()
            except RuntimeError as error:
                print("told" if "half a step" in str(error) else repr(error), flush=True)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def train():
        callbacks = [Stopping()]
        thread = threading.Thread(target=lambda: model.fit(x, x.sum(1), batch_size=8, verbose=0, callbacks=callbacks))
        thread.start()
        return thread
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
def test_a_model_that_was_between_two_steps_at_the_fork_is_whole_in_the_child() -> None:
    script = """
        thread = train()
        here.wait(60)
        expected = model.get_weights()
        def work():
            assert all(map(np.array_equal, model.get_weights(), expected))
            model.fit(x, x.sum(1), verbose=0)
            model.predict(x, verbose=0)
            print("trained", flush=True)
        print(in_child(work))
        go_on.set()
        thread.join()
    """
    assert run(textwrap.dedent(FORKS) + textwrap.dedent(script)).split() == ["trained", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
@pytest.mark.parametrize(
    "use", ["model.get_weights()", "model.predict(x, verbose=0)", "model.fit(x, x[:, 0], verbose=0)"]
)
@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_a_model_that_was_inside_a_step_at_the_fork_is_told_of_in_the_child(use: str, engine: str) -> None:
    script = f"""
        config.set_engine("{engine}")
        model.fit(x, x.sum(1), verbose=0)
        stop = threading.Event()
        go_on.set()
        class Ending(fg.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                model.stop_training = stop.is_set()
        thread = threading.Thread(target=lambda: model.fit(
            x, x.sum(1), batch_size=8, verbose=0, epochs=100_000, callbacks=[Ending()]))
        thread.start()
        while not model._lock.worker:
            pass
        def twice():
            try:
                {use}
            except RuntimeError:
                pass
            {use}

        # The thread rests at the ends of its epochs: a fork may meet it there, and the child is whole then.
        found = [in_child(twice) for _ in range(10)]
        stop.set()
        thread.join()
        print(found)
    """
    told, found = run(textwrap.dedent(FORKS) + textwrap.dedent(script)).rsplit("[", 1)
    assert set(told.split()) == {"told"}
    assert found.strip() == "0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
def test_a_fork_inside_at_rest_leaves_a_child_with_a_whole_model() -> None:
    script = """
        go_on.set()
        thread = threading.Thread(target=lambda: model.fit(x, x.sum(1), batch_size=8, verbose=0, epochs=300))
        thread.start()
        while not model._lock.worker:
            pass
        def work():
            expected = model.get_weights()
            assert all(map(np.array_equal, model.get_weights(), expected))
        with model.at_rest():
            found = in_child(work)
        thread.join()
        print(found)
    """
    assert run(textwrap.dedent(FORKS) + textwrap.dedent(script)).strip() == "0"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux tells a process's processors")
def test_no_more_threads_than_processors_that_the_process_may_use() -> None:
    one = min(os.sched_getaffinity(0))
    script = "print(__import__('flintglass.engines.engine').engines.engine.engine('native').machine.thread_count())"
    assert run(script, preexec_fn=lambda: os.sched_setaffinity(0, {one})).strip() == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": ""}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_a_container_share_is_kept_to(tmp_path, files, processors) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    everything = len(os.sched_getaffinity(0))
    assert MACHINE.usable_processors(str(tmp_path)) == (processors or everything)


def test_fits_in_several_threads_at_once_find_what_one_finds() -> None:
    script = """
        from concurrent.futures import ThreadPoolExecutor
        config.set_threads(3)
        x = np.linspace(-1, 1, 24_000, dtype="float32").reshape(600, 40)

        def model_of(seed):
            fg.utils.set_random_seed(seed)
            model = models.Sequential([layers.Input((40,)), layers.Dense(300, activation="relu"), layers.Dense(1)])
            model.compile("adam", "mse")
            return model

        def fitted(model):
            model.fit(x, x.sum(1), batch_size=200, epochs=3, verbose=0, shuffle=False)
            return [part.tobytes() for part in model.get_weights()]

        alone = [fitted(model_of(seed)) for seed in range(6)]
        with ThreadPoolExecutor(6) as pool:
            print(list(pool.map(fitted, [model_of(seed) for seed in range(6)])) == alone)
    """
    assert run(script).strip() == "True"
