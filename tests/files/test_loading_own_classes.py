"""Classes and functions of the user's own: found where he registers or passes them, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import X, Y

import flintglass as fg
from flintglass import customs, layers, models, ops, saving
from flintglass.errors import ModelFileError


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    before = dict(saving.get_custom_objects())
    yield
    saving.get_custom_objects().clear()
    saving.get_custom_objects().update(before)


def scaled() -> Any:
    class Scaled(layers.Dense):
        def call(self, inputs: Any) -> Any:
            return 2.0 * super().call(inputs)

    return Scaled


def steep(x: Any) -> Any:
    return ops.tanh(3.0 * x)


def squared(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def of(kind: Any, activation: Any = "relu", loss: Any = "mse") -> Any:
    model = fg.Sequential([fg.Input((3,)), kind(4, activation=activation), layers.Dense(1)])
    model.compile("sgd", loss, metrics=[loss])
    model.fit(X, Y, verbose=0)
    return model


def test_a_class_is_found_where_it_is_passed_and_nowhere_else(tmp_path: Path) -> None:
    kind = scaled()
    path = tmp_path / "model.keras"
    model = of(kind)
    model.save(path)
    with pytest.raises(ModelFileError, match="there is no layer 'Scaled'"):
        models.load_model(path)
    with saving.custom_object_scope({"Scaled": kind}):
        scoped = models.load_model(path)
    saving.get_custom_objects()["Scaled"] = kind
    for again in (models.load_model(path, custom_objects={"Scaled": kind}), scoped, models.load_model(path)):
        assert type(again.layers[0]) is kind
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_registered_class_and_function_are_found_by_their_names(tmp_path: Path) -> None:
    kind = saving.register_keras_serializable("pack", "Twice")(scaled())
    function = saving.register_keras_serializable()(steep)
    try:
        assert saving.get_registered_name(kind) == "pack>Twice"
        assert saving.get_registered_object("Custom>steep") is function
        model = of(kind, function)
        for name in ("model.keras", "model.h5"):
            model.save(tmp_path / name)
            again = models.load_model(tmp_path / name)
            np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
        entry = saving.serialize_keras_object(model.layers[0])
        assert (entry["module"], entry["registered_name"]) == (None, "pack>Twice")
        assert entry["config"]["activation"]["config"] == "Custom>steep"
    finally:
        delattr(steep, "_flintglass_registered_name")


def test_a_loss_of_the_users_own_is_passed(tmp_path: Path) -> None:
    model = of(layers.Dense, loss=squared)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="compile_config: there is no loss 'squared'"):
        models.load_model(tmp_path / "model.keras")
    assert not models.load_model(tmp_path / "model.keras", compile=False).compiled
    again = models.load_model(tmp_path / "model.keras", custom_objects={"squared": squared})
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_a_lambda_layer_needs_its_function(tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((3,)), layers.Lambda(steep), layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="files hold no functions here: pass it by custom_objects="):
        models.load_model(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras", custom_objects={"steep": steep})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_lambda_layer_of_masks_needs_both_functions(tmp_path: Path) -> None:
    words = np.array([[1, 2, 0, 0]])
    model = fg.Sequential(
        [
            fg.Input((4,), dtype="int32"),
            layers.Embedding(4, 2, mask_zero=True),
            layers.Lambda(lambda x: 2 * x, mask=lambda x, mask: ops.logical_not(mask), name="twice"),
            layers.Dense(1),
        ]
    )
    with pytest.warns(UserWarning, match="custom_objects={'twice': function, 'twice_mask': function}"):
        model.save(tmp_path / "model.keras")
    twice = {"twice": lambda x: 2 * x}
    with pytest.raises(ModelFileError, match="'twice_mask' was saved without its function"):
        models.load_model(tmp_path / "model.keras", custom_objects=twice)
    mask = {"twice_mask": lambda x, mask: ops.logical_not(mask)}
    again = models.load_model(tmp_path / "model.keras", custom_objects={**twice, **mask})
    np.testing.assert_array_equal(again.predict(words, verbose=0), model.predict(words, verbose=0))
    hidden = again.layers[1](again.layers[0](words))
    np.testing.assert_array_equal(hidden.mask, [[False, False, True, True]])


class Network(fg.Model):
    """A model with a call of its own."""

    def __init__(self, units: int = 4, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.units = units
        self.many = [layers.Dense(units), layers.Dense(1)]
        self.seed_generator = fg.random.SeedGenerator(3)

    def call(self, inputs: Any) -> Any:
        return self.many[1](ops.relu(self.many[0](inputs)))

    def get_config(self) -> dict[str, Any]:
        return {"units": self.units}


def test_a_subclassed_model_comes_back_and_goes_on(tmp_path: Path) -> None:
    model = Network(5)
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0, shuffle=False)
    fg.random.uniform((2,), seed=model.seed_generator)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras", custom_objects={"Network": Network})
    np.testing.assert_array_equal(again.seed_generator.state.numpy(), [3, 1])
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    histories = [item.fit(X, Y, verbose=0, shuffle=False, epochs=2).history["loss"] for item in (again, model)]
    assert histories[0] == histories[1]


def test_the_weights_of_a_subclassed_model_need_no_configuration(tmp_path: Path) -> None:
    class Bare(fg.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one = layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.one(inputs)

    model, other = Bare(), Bare()
    model(X)
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ModelFileError, match="is not built yet"):
        other.load_weights(tmp_path / "w.weights.h5")
    other(X)
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(other(X), model(X))


class Counted(layers.Layer):
    """A layer that keeps something else than its variables."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.seen = 0
        self.fails = False

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return x * self.scale

    def save_own_variables(self, store: Any) -> None:
        store["scale"] = self.scale.numpy()
        store["seen"] = np.array(self.seen)

    def load_own_variables(self, store: Any) -> None:
        self.scale.assign(store["scale"])
        if int(store["seen"]) < 0:
            raise ValueError("seen must not be below 0")
        self.seen = int(store["seen"])


def test_a_layer_may_keep_things_in_an_order_of_its_own(tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((3,)), Counted(), layers.Dense(1)])
    model.layers[0].seen = 7
    for name in ("model.keras", "w.weights.h5"):
        path = tmp_path / name
        model.save(path) if name == "model.keras" else model.save_weights(path)
    again = models.load_model(tmp_path / "model.keras", custom_objects={"Counted": Counted})
    assert again.layers[0].seen == 7
    with pytest.raises(NotImplementedError, match="writes its variables itself"):
        model.save_weights(tmp_path / "w.npz")
    model.layers[0].seen = -1
    model.layers[0].scale.assign([5.0, 5.0, 5.0])
    model.save_weights(tmp_path / "w.weights.h5")
    before = again.get_weights()
    with pytest.raises(ModelFileError, match="load_own_variables of Counted failed: seen must"):
        again.load_weights(tmp_path / "w.weights.h5")
    for old, new in zip(before, again.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_layer_with_files_of_its_own_is_refused(tmp_path: Path) -> None:
    class Wordy(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

        def save_assets(self, dir_path: str) -> None:
            raise AssertionError("it is not called")

    with pytest.raises(NotImplementedError, match="keeps files of its own"):
        fg.Sequential([fg.Input((3,)), Wordy()]).save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


def test_objects_of_all_kinds_are_described_and_made_again() -> None:
    for thing in (
        layers.Dense(3, activation="relu"),
        fg.losses.Huber(0.5),
        fg.metrics.AUC(),
        fg.optimizers.SGD(0.1),
        fg.initializers.Constant(2.0),
        fg.regularizers.L2(0.1),
        fg.constraints.MaxNorm(1.5),
        fg.optimizers.schedules.CosineDecay(0.1, 5),
    ):
        again = saving.deserialize_keras_object(saving.serialize_keras_object(thing))
        assert type(again) is type(thing)
        assert again.get_config() == thing.get_config()
    nested = {"a": [1, 2.5, None], "b": (3,), "c": np.arange(3)}
    found = saving.deserialize_keras_object(saving.serialize_keras_object(nested))
    assert found["a"] == [1, 2.5, None]
    np.testing.assert_array_equal(found["c"], [0, 1, 2])
    assert layers.deserialize(layers.serialize(layers.Dense(3))).units == 3
    with pytest.raises(ValueError, match="never imported"):
        saving.deserialize_keras_object({"module": "os", "class_name": "system", "config": {"command": "x"}})
    with pytest.raises(ValueError, match="a lambda has no name"):
        saving.serialize_keras_object(lambda x: x)


def test_a_subclass_of_a_registered_class_is_not_registered() -> None:
    kind = saving.register_keras_serializable("pack")(scaled())

    class Other(kind):  # type: ignore[misc, valid-type]
        pass

    assert customs.registered_name(Other) is None
