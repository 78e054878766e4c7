"""``flintglass compare``: a script runs on two sides, and what is printed is what was measured on both."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.tutorials.running import finished

from flintglass.comparing.needs import imported_at_once

FIT = """
import numpy as np
from keras import Input, Sequential, layers

x = np.linspace(-1, 1, 40).reshape(-1, 1)
model = Sequential([Input((1,)), layers.Dense(2), layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x**2, epochs=5, batch_size=10, verbose=0)
"""

# Trains nothing, and tells callbacks what Keras tells them.
KERAS = """
from keras import backend, callbacks, layers
__version__ = "9.9"

def Input(shape): return None

class History(callbacks.Callback):
    def __init__(self): self.history = {}

class Model:
    name = "fake"
    def __init__(self, layers=None): pass
    def compile(self, *given, **named): pass
    def fit(self, x=None, y=None, batch_size=32, epochs=1, verbose="auto", callbacks=None, validation_split=0.0):
        steps, history = -(-len(x) // batch_size), History()
        for callback in callbacks or []:
            callback.params = {"steps": steps, "epochs": epochs}
        for epoch in range(epochs):
            for step in range(steps):
                for callback in callbacks or []:
                    callback.on_train_batch_end(step, {"loss": 1.0})
            history.history.setdefault("loss", []).append(100.0 / 4**epoch)
            for callback in callbacks or []:
                callback.on_epoch_end(epoch, {"loss": 1.0})
        return history

class Sequential(Model): pass
"""
CALLBACKS = """
class Callback:
    params = {}
    def on_train_batch_end(self, batch, logs=None): pass
    def on_epoch_end(self, epoch, logs=None): pass
"""


def compared(folder: Path, script: str, *options: str, keras: str | None = KERAS) -> subprocess.CompletedProcess[str]:
    """``flintglass compare`` beside a package that acts as Keras; without one where ``keras`` is None."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    if keras is not None:
        (site / "keras").mkdir(exist_ok=True)
        (site / "jax.py").write_text("")
        (site / "keras" / "__init__.py").write_text(keras)
        (site / "keras" / "callbacks.py").write_text(CALLBACKS)
        (site / "keras" / "layers.py").write_text("def Dense(units): return units\n")
        (site / "keras" / "backend.py").write_text("import os\ndef backend(): return os.environ['KERAS_BACKEND']\n")
    (folder / "script.py").write_text(script)
    return finished("compare", *options, cwd=folder, PYTHONPATH=str(site), KERAS_BACKEND="jax")


def rows(printed: str) -> dict[str, list[str]]:
    """The table's cells by the row's name."""
    lines = printed.split("\n\n")[0].splitlines()
    table = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in (lines[0], *lines[2:])]
    return {row[0]: row[1:] for row in table}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("compared")
    return folder, compared(folder, FIT, "--picture", "curves.svg", "script.py")


def test_the_table_has_times_memory_and_the_loss_of_both(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    done = whole[1]
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert list(table) == [
        "flintglass",
        "from the start to the end of the first step",
        "one step, the first epoch left out",
        "the whole run",
        "the most memory held",
        "loss at the end",
    ]
    assert table["flintglass"][0] == "Keras 9.9 on jax"
    assert table["loss at the end"][1] == "0.390625"
    assert "not known" not in done.stdout


def test_both_curves_are_drawn_in_letters_and_differences_are_explained(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    printed = whole[1].stdout
    assert "f flintglass, K Keras, * both" in printed
    plot = [line.partition("|")[2] for line in printed.splitlines() if " |" in line]
    assert sum(line.count("K") + line.count("*") for line in plot) == 5
    assert sum(line.count("f") + line.count("*") for line in plot) == 5
    assert "not digit for digit" in printed


def test_the_picture_has_both_curves(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    text = (whole[0] / "curves.svg").read_text()
    assert text.count("<polyline") == 2
    assert ">flintglass<" in text
    assert ">Keras<" in text


def test_a_picture_needs_a_known_suffix(tmp_path: Path) -> None:
    done = compared(tmp_path, FIT, "--picture", "curves.bmp", "script.py")
    assert done.returncode == 1
    assert done.stderr == (
        "flintglass: --picture curves.bmp: pictures are drawn as .svg, .png, .pdf; end the name in one\n"
    )


def test_the_script_gets_its_arguments_and_the_users_callbacks_on_both_sides(tmp_path: Path) -> None:
    script = f"""
import sys
{FIT.replace("verbose=0", "verbose=0, callbacks=[Counts()]").replace("x = np", "from counting import Counts; x = np")}
with open("said.txt", "a") as file:
    print(*sys.argv[1:], Counts.epochs, file=file)
"""
    (tmp_path / "counting.py").write_text(
        "import keras\n"
        "class Counts(keras.callbacks.Callback):\n"
        "    epochs = 0\n"
        "    def on_epoch_end(self, epoch, logs=None): Counts.epochs += 1\n"
    )
    done = compared(tmp_path, script, "script.py", "--rate", "3")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "said.txt").read_text() == "--rate 3 5\n" * 2


def test_callbacks_by_position_and_fits_of_one_epoch_are_measured(tmp_path: Path) -> None:
    again = "\nfor _ in range(3): model.fit(x, x**2, 10, 1, 0, [])\n"
    done = compared(tmp_path, FIT.replace("epochs=5", "epochs=1") + again, "script.py")
    assert done.returncode == 0, done.stderr
    assert "not known" not in done.stdout
    assert "one step, the first epoch left out" in done.stdout
    assert "epoch 4" in done.stdout  # the four fits are one curve


def test_models_of_one_name_are_told_apart_in_the_table_and_in_both_kinds_of_pictures(tmp_path: Path) -> None:
    again = "\nanother = Sequential([Input((1,)), layers.Dense(1)])\nanother.name = model.name\n"
    again += "another.compile('sgd', 'mse')\nanother.fit(x, x**2, epochs=2, batch_size=10, verbose=0)\n"
    done = compared(tmp_path, FIT + again, "--picture", "curves.svg", "script.py")
    assert done.returncode == 0, done.stderr
    names = [name for name in rows(done.stdout) if name.endswith("at the end")]
    assert names == ["loss of sequential, model 1 at the end", "loss of sequential, model 2 at the end"]
    assert "loss of sequential, model 2, drawn" in done.stdout or "loss of sequential, model 2: f" in done.stdout
    assert ">flintglass, sequential, model 2<" in (tmp_path / "curves.svg").read_text()


def test_one_epoch_alone_leaves_out_its_first_step(tmp_path: Path) -> None:
    done = compared(tmp_path, FIT.replace("epochs=5", "epochs=1"), "script.py")
    assert done.returncode == 0, done.stderr
    assert len(rows(done.stdout)["one step, the first one left out"]) == 3


def test_steps_that_run_one_by_one_are_measured_too(tmp_path: Path) -> None:
    script = """
import numpy as np
from keras import Input, Sequential, layers

model = Sequential([Input((1,)), layers.Dense(1)])
model.compile("sgd", "mse", run_eagerly=True)
x = np.ones((40, 1))
model.fit(x, x, epochs=2, batch_size=10, verbose=0)
"""
    done = compared(tmp_path, script, "script.py")
    assert done.returncode == 0, done.stderr
    assert "not known" not in done.stdout


def test_without_a_fit_only_the_whole_run_is_compared_and_said_so(tmp_path: Path) -> None:
    done = compared(tmp_path, "import keras\nprint(keras.__version__)\n", "--picture", "curves.svg", "script.py")
    assert done.returncode == 0, done.stderr
    assert list(rows(done.stdout))[1:] == ["the whole run", "the most memory held"]
    assert "No call of Model.fit" in done.stdout
    assert "There is no picture" in done.stdout


def test_processes_of_the_script_write_nothing_over_its_record(tmp_path: Path) -> None:
    started = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import keras'], check=True)\n"
    done = compared(tmp_path, FIT + started, "script.py")
    assert done.returncode == 0, done.stderr
    assert "loss at the end" in done.stdout


def test_a_script_that_fails_on_one_side_shows_its_own_words(tmp_path: Path) -> None:
    script = "import keras\nif keras.__version__ == '9.9':\n    raise SystemExit('only here')\n"
    done = compared(tmp_path, script, "script.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert "script.py ended with exit code 1 under Keras 9.9 on jax. It said:\nonly here\n" in done.stderr


def test_a_script_that_needs_tensorflow_is_told_where_it_is_missing(tmp_path: Path) -> None:
    function = "def start():\n    from tensorflow import keras\nstart()\n"  # is not seen before it runs
    done = compared(tmp_path, function, "script.py")
    assert done.returncode == 1
    assert "script.py needs TensorFlow, which is not installed for" in done.stderr


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="there is a TensorFlow here")
def test_a_package_that_the_other_python_lacks_is_told_before_anything_runs(tmp_path: Path) -> None:
    script = "open('ran', 'w')\nfrom tensorflow.keras import layers\n"
    done = compared(tmp_path, script, "script.py")
    assert done.returncode == 1
    assert "script.py imports tensorflow, which " in done.stderr
    assert "let the script import keras alone" in done.stderr
    assert "running" not in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_script_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    done = compared(tmp_path, FIT, "nowhere.py", "--help")
    assert done.returncode == 1
    assert done.stderr.startswith(f"flintglass: there is no script 'nowhere.py' in {tmp_path}; ")


def test_only_imports_that_a_script_cannot_do_without_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "import os.path, keras as k\nfrom numpy.linalg import norm\nfrom . import beside\nimport keras.layers\n"
        "try:\n    import never\nexcept ImportError: pass\nif False:\n    import nor_this\n"
    )
    assert imported_at_once(str(path)) == ["os", "keras", "numpy"]
    path.write_text("import keras\nprint(\n")
    assert imported_at_once(str(path)) == []


@pytest.mark.parametrize(
    ("options", "keras", "sentence"),
    [
        ((), None, "Keras is not installed for"),
        (("--python", "nowhere-at-all"), KERAS, "nowhere-at-all does not run as a Python interpreter"),
        (("--backend", "torch"), KERAS, "but torch, which it should compute with, is not"),
    ],
)
def test_who_has_no_keras_to_compare_with_is_told_how_to_name_one(
    tmp_path: Path, options: tuple[str, ...], keras: str | None, sentence: str
) -> None:
    if keras is None and find_spec("keras") is not None:
        pytest.skip("there is a Keras here")
    done = compared(tmp_path, FIT, *options, "script.py", keras=keras)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "flintglass compare --python INTERPRETER SCRIPT" in done.stderr
    assert "running" not in done.stderr
