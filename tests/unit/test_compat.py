"""``flintglass run``: a process like Python's own, in which imports of TensorFlow and Keras are answered here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tutorials.running import finished, run

from flintglass.compat import answering, names
from flintglass.compat.notes import NOTES
from flintglass.faces import load_named


def says(script: str, folder: Path) -> str:
    """The last line of the error that a script ends with."""
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    done = finished("run", str(path), cwd=folder)
    assert done.returncode == 1, done.stdout
    return done.stderr.strip().splitlines()[-1]


def test_a_script_is_main_with_its_arguments_and_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("value = 5\n")
    (tmp_path / "script.py").write_text(
        "import sys, beside\n"
        "print(__name__, sys.argv[1:], beside.value, sys.modules['__main__'].__file__ == __file__)\n"
        "sys.exit(7)\n"
    )
    done = finished("run", "script.py", "--epochs", "3", "-m", cwd=tmp_path)
    assert done.stdout.split("\n")[0] == "__main__ ['--epochs', '3', '-m'] 5 True"
    assert (done.returncode, done.stderr) == (7, "")


def test_a_module_runs_as_under_python_m(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import sys, keras\nprint(sys.argv[1:], keras.layers.Dense)\n")
    done = finished("run", "-m", "package", "a", cwd=tmp_path)
    assert done.stdout.startswith("['a'] <class 'flintglass.layers.dense.Dense'>"), done.stderr


def test_a_script_that_is_not_there_is_told_with_the_exit_code_of_python(tmp_path: Path) -> None:
    done = finished("run", "nowhere.py", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"flintglass run: there is no file 'nowhere.py' in {tmp_path}\n"


def test_the_package_is_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flintglass", "run", "nowhere.py"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"there is no file 'nowhere.py'" in done.stderr


def test_a_traceback_shows_the_line_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text("import keras\n\nmodel = keras.Sequential([keras.layers.Dense(0)])\n")
    done = finished("run", str(path), cwd=tmp_path)
    assert f'File "{path}", line 3, in <module>' in done.stderr
    assert "keras.layers.Dense(0)" in done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "import tensorflow as tf; Dense = tf.keras.layers.Dense",
        "from tensorflow import keras; Dense = keras.layers.Dense",
        "from tensorflow.keras import layers; Dense = layers.Dense",
        "from tensorflow.keras.layers import *",
        "from tensorflow.python.keras.layers import Dense",
        "import tensorflow.keras as K; Dense = K.layers.Dense",
        "import tensorflow.keras.layers as L; Dense = L.Dense",
        "from keras.layers.core import Dense",
        "from keras.api.layers import Dense",
        "from tf_keras.layers import Dense",
        "import keras; Dense = keras.layers.Dense",
    ],
)
def test_every_era_finds_the_same_layer(tmp_path: Path, statement: str) -> None:
    output = run(f"{statement}\nimport flintglass\nprint(Dense is flintglass.layers.Dense)\n", tmp_path)
    assert output == "True\n"


def test_python_processes_that_a_script_starts_are_answered_too(tmp_path: Path) -> None:
    script = """
import multiprocessing, subprocess, sys

def name(_):
    from tensorflow import keras
    return keras.layers.Dense.__module__

if __name__ == "__main__":
    print(subprocess.run([sys.executable, "-c", "import keras; print(keras.__version__)"],
                         capture_output=True, text=True).stdout, end="")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(name, [0]))
"""
    version, layer = run(script, tmp_path).splitlines()
    assert "flintglass" in version
    assert layer == "['flintglass.layers.dense']"


def test_a_sitecustomize_of_the_users_own_still_runs(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import builtins\nbuiltins.noticed = True\n")
    (tmp_path / "script.py").write_text("import keras\nprint(noticed)\n")
    done = finished("run", "script.py", cwd=tmp_path, PYTHONPATH=str(tmp_path / "own"))
    assert done.stdout == "True\n", done.stderr


def test_versions_say_the_era_and_who_answers(tmp_path: Path) -> None:
    output = run("import tensorflow as tf, keras\nprint(tf.__version__, keras.__version__)\n", tmp_path)
    tensorflow, keras = output.split()
    assert tensorflow.startswith("2.9.")
    assert "flintglass" in tensorflow
    assert keras.startswith("3.")
    assert "flintglass" in keras


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_models_are_saved_and_loaded_by_the_names_of_every_era(tmp_path: Path, ending: str) -> None:
    script = f"""
import numpy as np, tensorflow as tf
from tensorflow import keras
from keras.models import load_model, model_from_json
from tensorflow.keras.utils import custom_object_scope, get_custom_objects
from keras.utils.generic_utils import get_custom_objects as older
model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
model.compile("adam", "mse")
x = np.ones((2, 3), "float32")
model.fit(x, np.ones((2, 2)), verbose=0)
model.save("m{ending}")
model.save_weights("w.h5")
for load in (load_model, tf.keras.models.load_model, keras.saving.load_model):
    assert (load("m{ending}").predict(x, verbose=0) == model.predict(x, verbose=0)).all()
again = model_from_json(model.to_json())
again.load_weights("w.h5")
print((again.predict(x, verbose=0) == model.predict(x, verbose=0)).all(), older() is get_custom_objects())
"""
    assert run(script, tmp_path) == "True True\n"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "from tensorflow.keras.layers import Conv2D",
            "offers no 'Conv2D' in it. It trains dense networks: take Flatt",
        ),
        ("from tensorflow.keras.layers import Dence", "Did you mean 'Dense'?"),
        ("import tensorflow as tf; tf.reduce_men([1.0])", "Did you mean 'reduce_mean'?"),
        ("import tensorflow as tf; tf.keras.optimisers", "Did you mean 'optimizers'?"),
        ("from keras.datasets import mnist", "downloads nothing"),
        ("from keras import backend as K; K.function([], [])", "keras.Model(model.inputs, layer.output)"),
        ("import tensorflow as tf; tf.summary.scalar", "keras.callbacks.CSVLogger"),
        ("import tensorflow as tf; tf.keras.mixed_precision.set_global_policy('mixed_float16')", "no dtype policies"),
        ("from keras.layers import Dense; Dense(3, dtype='mixed_bfloat16')", "no policies of mixed precision"),
        ("import tensorflow as tf; tf.data.Dataset.from_tensor_slices([1])", "keras.utils.PyDataset"),
        ("from tensorflow.keras.preprocessing.image import ImageDataGenerator", "Prepare texts, images"),
        ("from tensorflow.keras.applications import VGG16", "for convolutional ones, use Keras itself"),
        ("from keras.layers import LSTM", "a window of past steps"),
        ("from keras.layers.recurrent import GRU", "a window of past steps"),
        ("from tensorflow.keras.layers.experimental.preprocessing import RandomFlip", "Change the images beforehand"),
        ("import keras; keras.tuner", "one model for each setting"),
        ("import tensorflow.compat.v1 as tf; tf.disable_v2_behavior()", "TensorFlow 1 do not run here"),
        ("import tensorflow as tf; tf.data.Dataset", "Give fit NumPy arrays, a generator"),
        ("import tensorflow as tf; tf.lite.TFLiteConverter.from_keras_model(None)", "writes no TensorFlow Lite files"),
        ("import tensorflow as tf; tf.saved_model.load('x')", "no SavedModel folders"),
        ("import tensorflow as tf; tf.math.erfcinv", "'erfcinv' in it yet; the nearest in keras.ops is 'erfinv'."),
        ("import tensorflow as tf; tf.math.zeta", "in it yet; what there is to compute with is in keras.ops."),
        ("import tensorflow as tf; tf.boolean_mask", "tf.where(mask, x, 0.0)"),
        ("import tensorflow as tf; tf.gather_nd", "x[rows, columns]"),
        ("import tensorflow as tf; tf.string", "numbers and no texts"),
        ("import tensorflow as tf; tf.debugging.assert_equal(1, 1)", "check arrays beforehand with NumPy"),
        ("import tensorflow as tf; tf.train.Checkpoint()", "keras.callbacks.BackupAndRestore"),
        ("import tensorflow as tf; tf.train.AdamOptimizer", "such as Adam(0.001)"),
        ("from tensorflow.keras.layers import ThresholdedReLU", "keras.ops.threshold(x, theta, 0.0)"),
        ("from keras.experimental import LinearModel", "Write such a model of Dense layers"),
        (
            "from keras.callbacks import ModelCheckpoint; ModelCheckpoint('a.h5', period=5)",
            "or after save_freq steps",
        ),
        ("import tensorflow as tf; tf.reduce_sum([1.0], of=3)", "takes input_tensor, axis, keepdims here, not 'of'"),
        ("import tensorflow as tf; tf.square(1.0, 2, 3)", "3 arguments were given"),
    ],
)
def test_what_is_not_offered_is_told_in_one_sentence(tmp_path: Path, script: str, sentence: str) -> None:
    assert sentence in says(script, tmp_path)


def test_a_confusion_matrix_counts_true_classes_down_and_taken_ones_across(tmp_path: Path) -> None:
    script = """
import tensorflow as tf
print(tf.math.confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2]).numpy().tolist())
print(tf.math.confusion_matrix([0, 1], [1, 1], num_classes=2, weights=[0.5, 2.0], dtype="float32").numpy().tolist())
"""
    assert run(script, tmp_path) == "[[1, 0, 0], [0, 1, 1], [0, 0, 1]]\n[[0.0, 0.5], [0.0, 2.0]]\n"


def test_base_classes_lie_in_keras_itself(tmp_path: Path) -> None:
    script = """
import keras
print(all(getattr(keras, f"{name}") is getattr(getattr(keras, room), name) for name, room in [
    ("Loss", "losses"), ("Metric", "metrics"), ("Optimizer", "optimizers"), ("Regularizer", "regularizers"),
    ("Initializer", "initializers")]))
keras.config.disable_traceback_filtering()
a = keras.Input((2,))
outputs = [keras.layers.Dense(1, name="one")(a), keras.layers.Dense(1, name="two")(a)]
print(keras.Model(a, outputs).output_names, keras.Sequential().output_names)
"""
    assert run(script, tmp_path) == "True\n['one', 'two'] []\n"


def test_notes_are_about_what_is_not_there_and_name_what_is(tmp_path: Path) -> None:
    """Nothing that a note says is missing is offered, and whatever a note tells to write exists."""
    missing = sorted(name for name in NOTES if name not in names.MODULES)
    named = sorted(
        {found for note in NOTES.values() for found in re.findall(r"\b(?:keras|tf|flintglass)(?:\.\w+)+", note)}
    )
    assert len(named) > 15
    script = f"""
import flintglass, keras, tensorflow, tensorflow as tf
def there(name):
    try:
        eval(name)
    except AttributeError as error:
        assert " yet; " not in str(error) and "Did you mean" not in str(error), error
        return False
    return True
print([name for name in {missing} if there(name)], [name for name in {named} if not there(name)])
"""
    assert run(script, tmp_path) == "[] []\n"


@pytest.mark.parametrize(
    "script", ["with tf.device('/GPU:0'): x = 1", "s = tf.distribute.MirroredStrategy()\nwith s.scope(): x = 1"]
)
def test_who_asks_for_a_graphics_card_is_told_once_and_goes_on(tmp_path: Path, script: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(f"import tensorflow as tf\n{script}\nprint('on', tf.config.list_physical_devices('GPU'))\n")
    done = finished("run", str(path), cwd=tmp_path)
    assert done.stdout == "on []\n"
    assert done.stderr.count("computes on the processor") == 1
    assert f"{path}:2:" in done.stderr


def test_figures_that_are_shown_or_left_open_are_saved(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    script = """
from matplotlib import pyplot as plt
plt.plot([1, 2])
plt.show()
plt.figure(); plt.plot([2, 1])
plt.figure(); plt.plot([3, 1])
"""
    run(script, tmp_path, figures=tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "figure-1.png",
        "figure-2.png",
        "figure-3.png",
    ]


def test_installing_where_the_real_one_is_imported_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("real = True\n")
    (tmp_path / "script.py").write_text("import keras\nfrom flintglass import compat\ncompat.install()\n")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert "RuntimeError: the real keras has been imported" in done.stderr


def test_install_answers_from_there_on(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import flintglass\nflintglass.load_ipython_extension(None)\nflintglass.compat.install()\n"
        "from tensorflow.keras import Model\nprint(Model is flintglass.Model)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("module", sorted(names.MODULES))
def test_every_name_of_the_tables_is_there(module: str) -> None:
    table, package = names.MODULES[module]
    for name, value in table.items():
        if isinstance(value, str) and ":" in value:
            assert load_named(value) is not None, name
    if package is not None:
        answer = answering.Answer(module, table, package, frozenset())
        assert [name for name in answer.__all__ if getattr(answer, name) is None] == []


def test_the_house_of_names_keeps_to_its_budget() -> None:
    folder = Path(names.__file__).parent
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py")) <= 1500


def test_figures_that_can_be_saved_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print(1)\n")
    done = finished("run", "--save-figures", "script.py/figures", "script.py", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "flintglass run: --save-figures script.py/figures can be no folder: Not a directory\n"


def test_answers_in_this_process_leave_our_classes_as_they_are() -> None:
    before = vars(load_named("flintglass.layers:Dense")).get("__init__")
    table, package = names.MODULES["keras.layers"]
    assert vars(answering.Answer("keras.layers", table, package, frozenset()).Dense)["__init__"] is before
