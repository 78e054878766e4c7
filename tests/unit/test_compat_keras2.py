"""Spellings of TensorFlow 2's first years that tutorials still have: names of weights first, lr, reset_states, h5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tutorials.running import finished, run

from flintglass import layers, metrics


def layer_with(*arguments: Any, **keywords: Any) -> Any:
    layer = layers.Layer(name="own")
    return layer.add_weight(*arguments, **keywords)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        (("kernel",), {"shape": [2, 3], "initializer": "ones"}),
        (("kernel", (2, 3)), {"initializer": "ones", "trainable": True}),
        (("kernel", (2, 3), "float32", "ones"), {}),
        (((2, 3), "ones"), {"name": "kernel"}),
    ],
)
def test_a_weight_takes_its_name_first_or_last(arguments: Any, keywords: Any) -> None:
    weight = layer_with(*arguments, **keywords)
    assert (weight.name, weight.path) == ("kernel", "own/kernel")
    np.testing.assert_array_equal(weight.numpy(), np.ones((2, 3)))


@pytest.mark.parametrize("keywords", [{"name": "other"}, {"shape": (2,)}])
def test_an_argument_of_a_weight_that_is_given_twice_is_named(keywords: Any) -> None:
    with pytest.raises(TypeError, match=f"'{next(iter(keywords))}' was given twice"):
        layer_with("kernel", (2,), **keywords)


def test_too_many_arguments_of_a_weight_are_counted() -> None:
    with pytest.raises(TypeError, match="9 arguments are too many"):
        layer_with("kernel", (2,), "float32", "zeros", None, True, None, 1, 2)


def test_a_metric_takes_the_name_of_its_weight_first() -> None:
    total = metrics.Mean().add_weight("own", initializer="zeros")
    assert (total.name, total.shape) == ("own", ())


class Counting(metrics.Metric):
    """A metric as it was written for Keras 2."""

    def __init__(self) -> None:
        super().__init__(name="counting")
        self.total = self.add_weight("total", initializer="zeros")
        self.resets = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(1.0)

    def result(self) -> Any:
        return self.total

    def reset_states(self) -> None:
        self.resets += 1
        super().reset_states()


def test_reset_states_forgets_with_a_warning() -> None:
    metric = metrics.Mean()
    metric.update_state([2.0, 4.0])
    with pytest.warns(UserWarning, match="called reset_state"):
        metric.reset_states()
    assert float(metric.result()) == 0.0


def test_a_metric_that_defines_reset_states_is_reset_by_it() -> None:
    metric = Counting()
    for reset in (metric.reset_state, metric.reset_states):
        metric(1.0, 1.0)
        with pytest.warns(UserWarning, match="called reset_state"):
            reset()
        assert float(metric.result()) == 0.0
    assert metric.resets == 2


def test_a_script_of_that_time_runs_to_its_end(tmp_path: Path) -> None:
    script = """
import numpy as np, tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
x, y = np.ones((8, 3), "float32"), np.arange(8) % 2
weights = tf.random_uniform_initializer(-0.1, 0.1)
with tf.name_scope("model"):
    model = keras.Sequential([keras.layers.Dense(2, "softmax", kernel_initializer=weights,
                                                 bias_initializer=tf.zeros_initializer())])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
K.set_value(model.optimizer.lr, 0.25)
print(K.get_value(model.optimizer.lr), tf.TensorShape([None, 3]).as_list(), x[:, tf.newaxis].shape)
history = model.fit(x, y, epochs=2, verbose=0, callbacks=[
    keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1)),
    keras.callbacks.ReduceLROnPlateau("loss", epsilon=0.0)])
print(history.history["lr"], history.history["acc"] == history.history["accuracy"])
for metric in model.metrics:
    metric.reset_states()
model.save("model", save_format="h5")
print((keras.models.load_model("model").predict(x, verbose=0) == model.predict(x, verbose=0)).all())
print(keras.experimental.CosineDecay is keras.optimizers.schedules.CosineDecay)
history.history["val_acc"]
"""
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    done = finished("run", "script.py", cwd=tmp_path)
    assert done.stdout.splitlines() == ["0.25 [None, 3] (8, 1, 3)", "[0.5, 0.25] True", "True", "True"], done.stderr
    assert (tmp_path / "model").read_bytes().startswith(b"\x89HDF")
    for told in ("called 'learning_rate' now", "called 'accuracy' now", "called reset_state", "called min_delta now"):
        assert done.stderr.count(told) == 1, told
    assert "the history has no 'val_acc'. Known names: 'accuracy', 'learning_rate'" in done.stderr.splitlines()[-1]


def test_a_checkpoint_after_every_epoch_may_say_so(tmp_path: Path) -> None:
    script = """
import keras
print(keras.callbacks.ModelCheckpoint('a.h5', period=1).save_freq)
try:
    keras.callbacks.EarlyStopping(period=1)
except TypeError as error:
    print(error)
"""
    found = run(script, tmp_path).splitlines()
    assert found[0] == "epoch"
    assert "'period'" in found[1]
