"""Spellings of earlier Keras under ``flintglass run``: they do what today's do, and one warning names these."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tutorials.running import finished

HEAD = """
import numpy as np, keras, tensorflow as tf
from keras.models import Sequential
from keras.layers import Dense
x = np.linspace(0, 1, 24, dtype="float32").reshape(8, 3)
y = np.array([[0], [1]] * 4)

def made(**settings):
    model = Sequential([Dense(4, input_shape=(3,)), Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", **settings)
    return model

def batches():
    while True:
        yield x, y
"""


def ended(script: str, folder: Path) -> tuple[int, str, str]:
    path = folder / "script.py"
    path.write_text(HEAD + script + "\n", encoding="utf-8")
    done = finished("run", str(path), cwd=folder)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    ("script", "printed", "warnings"),
    [
        (
            "o = keras.optimizers.SGD(lr=0.5, decay=1.0, momentum=0.9)\n"
            "print(float(o.learning_rate), float(o.get_config()['learning_rate']['config']['decay_rate']))",
            "0.5 1.0",
            ("SGD: `lr` is called learning_rate now", "InverseTimeDecay(0.5, 1, 1.0)"),
        ),
        ("print(float(keras.optimizers.adam(lr=0.25, epsilon=None, decay=0.0).epsilon))", "1e-07", ("learning_rate",)),
        (
            "from keras import backend as K\no = keras.optimizers.Adam(lr=0.5)\nK.set_value(o.lr, 0.25)\n"
            "print(float(K.get_value(o.learning_rate)), end=' ')\no.lr = 0.125\nprint(float(o.learning_rate))",
            "0.25 0.125",
            ("learning_rate",),
        ),
        ("print(float(tf.keras.optimizers.legacy.Adam(0.5).learning_rate))", "0.5", ()),
        (
            "print(len(made().fit(x, y, nb_epoch=3, verbose=0).history['loss']))",
            "3",
            ("fit: `nb_epoch` is called epochs",),
        ),
        (
            "d = Dense(output_dim=5, init='uniform', W_regularizer='l2', b_regularizer='l1', W_constraint='nonneg',\n"
            "    bias=True)\n"
            "print(d.units, *(type(t).__name__ for t in (d.kernel_initializer, d.kernel_regularizer,\n"
            "    d.bias_regularizer, d.kernel_constraint)))",
            "5 RandomUniform L2 L1 NonNeg",
            ("`output_dim` is called units", "`init` is called kernel_initializer", "bias_regularizer"),
        ),
        (
            "m = made()\nknown = m.predict(x, verbose=0) > 0.5\n"
            "print((m.predict_classes(x) == known).all(), m.predict_proba(x).shape)",
            "True (8, 1)",
            ("write model.predict(x).argmax(-1)", "predict_proba(x) is gone from Keras; write model.predict(x)"),
        ),
        (
            "m = made()\nm.fit_generator(batches(), 2, nb_epoch=2, verbose=0, workers=1)\n"
            "print(m.evaluate_generator(batches(), 1) > 0, m.predict_generator(batches(), 2, verbose=0).shape)",
            "True (16, 1)",
            ("write model.fit(generator)", "write model.evaluate(generator)", "write model.predict(generator)"),
        ),
        ("print(sorted(made(metrics=['acc']).fit(x, y, verbose=0).history))", "['acc', 'loss']", ()),
        ("from keras.layers import Dropout\nprint(Dropout(p=0.25).rate)", "0.25", ("`p` is called rate",)),
        (
            "i = keras.Input((3,))\nprint(keras.Model(input=i, output=Dense(2)(i)).output_shape)",
            "(None, 2)",
            ("`input` is called inputs", "`output` is called outputs"),
        ),
        ("from keras.constraints import maxnorm\nprint(maxnorm(2.0).max_value)", "2.0", ()),
        ("from keras.objectives import mse\nprint(mse.__name__)", "mean_squared_error", ()),
        ("tf.set_random_seed(1)\ntf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)\nprint(1)", "1", ()),
    ],
)
def test_an_older_spelling_does_what_todays_does(
    tmp_path: Path, script: str, printed: str, warnings: tuple[str, ...]
) -> None:
    code, output, errors = ended(script, tmp_path)
    assert (code, output) == (0, printed), errors
    assert bool(errors) == bool(warnings), errors
    for warning in warnings:
        assert warning in errors


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("tf.Session()", "Sessions and graphs of TensorFlow 1 do not run here"),
        ("tf.compat.v1.disable_eager_execution()", "Sessions and graphs of TensorFlow 1 do not run here"),
        ("tf.train.AdamOptimizer(0.1)", "Give an optimizer of tf.keras.optimizers to compile"),
        ("tf.keras.experimental.LinearModel()", "Write such a model of Dense layers"),
        ("keras.backend.set_session(None)", "Sessions and graphs of TensorFlow 1"),
        (
            "from keras.layers import merge\nmerge([x, x], mode='sum')",
            "a module here, not a function. Write Add()([a, b])",
        ),
        ("made().fit_generator(batches(), samples_per_epoch=80)", "give steps_per_epoch, the number of batches"),
    ],
)
def test_what_cannot_be_translated_is_told_in_one_sentence(tmp_path: Path, script: str, sentence: str) -> None:
    code, _, errors = ended(script, tmp_path)
    assert code == 1
    assert sentence in errors.splitlines()[-1]
