"""What is wrong with an argument is told where it was given, in words of the user's, and not by an inner failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers, losses, metrics, models, ops, optimizers, random, utils

X = np.arange(12, dtype="float32").reshape(4, 3)


def read(change: Callable[[Any], Any]) -> Any:
    """A model of one addition from its configuration, whose entry of the addition was changed."""
    x = fg.Input((3,))
    config = fg.Model(x, x + 1).get_config()
    change(config["layers"][1])
    return fg.Model.from_config(config)


def fitted(optimizer: Any, loss: Any = "mse") -> None:
    model = models.Sequential([fg.Input((3,)), layers.Dense(1)])
    model.compile(optimizer, loss)
    model.fit(X, X[:, :1], verbose=0)


SAYS: dict[str, tuple[Callable[[], Any], str]] = {
    "a text among numbers": (lambda: ops.add(X, "a"), "numbers are expected, or arrays, .* not 'a'"),
    "nothing": (lambda: losses.MeanSquaredError()(None, X), "numbers are expected, .* not None"),
    "a text as weight": (lambda: losses.MeanSquaredError()(X, X, "a"), "numbers are expected, .* not 'a'"),
    "a text to average": (lambda: metrics.Mean()("a"), "numbers are expected, .* not 'a'"),
    "no tensors": (lambda: ops.concatenate([]), "concatenate was given an empty list"),
    "nothing to stack": (lambda: ops.stack([]), "stack was given an empty list"),
    "classes": (lambda: ops.one_hot([1], "a"), "one_hot: num_classes is a whole number, not 'a'"),
    "a letter of nobody": (lambda: ops.einsum("ij->q", X), "einsum: the result 'q' of 'ij->q' holds 'q'"),
    "a letter twice": (lambda: ops.einsum("ij->ii", X), "names an axis twice"),
    "no steps": (lambda: ops.arange(0, 5, 0), "arange: steps of 0 lead nowhere"),
    "padding": (lambda: ops.pad(X, ((1,),)), r"one pair for each of 2 axes, not \(\(1,\),\)"),
    "many truths": (lambda: ops.cond(X > 0, lambda: 1, lambda: 2), "cond: pred is one truth value"),
    "no function": (lambda: ops.while_loop(1, 2, 3), "while_loop: a function is expected, not 1"),
    "no branch": (lambda: ops.cond(True, 1, 2), "cond: a function is expected, not 1"),
    "a text as shape": (lambda: random.normal("a"), "a shape is a number or a tuple of numbers, not the text 'a'"),
    "a text as seed": (lambda: random.normal((2,), seed="a"), "a seed is a whole number, .* not 'a'"),
    "one row of logits": (lambda: random.categorical(X[0], 3), r"categorical: logits have .* 2 axes, not \[3\]"),
    "a negative seed": (lambda: utils.set_random_seed(-1), "a seed lies between 0 and 2"),
    "a text to normalize": (lambda: utils.normalize("a"), "normalize takes an array of numbers"),
    "no such axis": (lambda: utils.normalize([1, 2], axis=5), r"the array of shape \(2,\) has no axis 5"),
    "a threshold": (lambda: metrics.Precision(thresholds="a"), "Precision: a threshold is a number .* not 'a'"),
    "a name of numbers": (lambda: layers.Dense(2, name=3), "Dense: a name is a text, not 3"),
    "a path as name": (lambda: layers.Dense(2, name="a/b"), "Dense: a name is a text without '/'"),
    "no name": (lambda: layers.Dense(2, name=""), "Dense: a name is a text without '/'"),
    "beta_1": (lambda: fitted(optimizers.Adam(beta_1=2)), "beta_1 is a number from 0 to 1, not 2"),
    "rho": (lambda: fitted(optimizers.RMSprop(rho="a")), "rho is a number from 0 to 1, not 'a'"),
    "epsilon": (lambda: fitted(optimizers.Adam(epsilon=None)), "epsilon is a number from 0 up, not None; leave it out"),
    "clipnorm": (lambda: optimizers.Adam(clipnorm=-1), "clipnorm is a number above 0, or None, not -1"),
    "clipvalue": (lambda: optimizers.SGD(clipvalue="a"), "clipvalue is a number above 0, or None, not 'a'"),
    "weight_decay": (lambda: optimizers.SGD(weight_decay=-1), "weight_decay is a number from 0 up, or None, not -1"),
    "a rate": (lambda: optimizers.schedules.ExponentialDecay("a", 1, 1)(0), "starts from is a number, not 'a'"),
    "decay_steps": (lambda: optimizers.schedules.CosineDecay(0.1, "a"), "decay_steps is a number of steps above 0"),
    "an empty configuration": (lambda: models.Sequential.from_config({}), "with a list of 'layers'"),
    "no model": (lambda: models.clone_model(3), "clone_model takes a model, not 3"),
    "an index": (lambda: ops.convert_to_tensor(X)["a"], "a tensor is indexed by whole numbers, .* not 'a'"),
    "an index of a placeholder": (lambda: fg.Input((3,))["a"], "a tensor is indexed by whole numbers, .* not 'a'"),
    "a missing operand": (lambda: ops.add(fg.Input((3,))), "ops.add: missing a required argument: 'x2'"),
    "an operation of nobody": (
        lambda: read(lambda entry: entry.update(class_name="Eval")),
        "the operation 'add.*' of the class 'Eval', which is none of those",
    ),
    "a setting of nobody": (
        lambda: read(lambda entry: entry["config"].update(bogus=3)),
        "operation 'add.*' .Add.: ops.add takes no bogus=3",
    ),
    "a constant without a value": (
        lambda: read(lambda entry: entry["inbound_nodes"][0]["args"].__setitem__(1, {"class_name": "__numpy__"})),
        "a constant .__numpy__. without its value",
    ),
    "a loss of nothing": (lambda: fitted("sgd", lambda y, p: None), "loss .*: the function returned None"),
    "no folder": (
        lambda: utils.plot_model(models.Sequential([fg.Input((3,)), layers.Dense(1)]), str(Path("nowhere") / "a.svg")),
        "there is no folder 'nowhere'",
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_a_wrong_argument_is_told(name: str) -> None:
    make, sentence = SAYS[name]
    with pytest.raises((ValueError, TypeError, OSError), match=sentence):
        make()


def test_whole_numbers_too_large_for_int32_keep_their_value() -> None:
    found = ops.convert_to_tensor([1, 3_000_000_000])
    assert found.numpy().tolist() == [1, 3_000_000_000]
    assert ops.convert_to_tensor([1, 3]).dtype == "int32"
