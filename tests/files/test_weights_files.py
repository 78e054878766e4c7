"""Files of weights: every format holds all of them by stable names, and one that does not fit changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import NETWORKS, X, Y, predictions, trained

import flintglass as fg
from flintglass import layers, models
from flintglass.errors import ModelFileError
from flintglass.saving.named import weights_by_name

ENDINGS = (".weights.h5", ".h5", ".safetensors", ".npz")
endings = pytest.mark.parametrize("ending", ENDINGS)


@endings
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_come_back_into_another_model(name: str, ending: str, tmp_path: Path) -> None:
    model, other = NETWORKS[name](fg), NETWORKS[name](fg)
    trained(name, model)
    model.save_weights(tmp_path / f"w{ending}")
    other.load_weights(tmp_path / f"w{ending}")
    for mine, theirs in zip(predictions(name, other), predictions(name, model), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    if ending == ".weights.h5":
        assert trained(name, other) == trained(name, model)


def test_weights_are_read_from_whole_models(tmp_path: Path) -> None:
    model, other = NETWORKS["a stack"](fg), NETWORKS["a stack"](fg)
    for name in ("model.keras", "model.h5"):
        trained("a stack", model)
        model.save(tmp_path / name)
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_names_are_stable_and_can_be_read() -> None:
    layers.Dense(1)  # names do not depend on how many layers were made before
    found = {name: variable.shape for name, variable in weights_by_name(NETWORKS["a stack"](fg)).items()}
    assert found == {
        "batch_normalization/gamma": (5,),
        "batch_normalization/beta": (5,),
        "batch_normalization/moving_mean": (5,),
        "batch_normalization/moving_variance": (5,),
        "dense/kernel": (3, 5),
        "dense/bias": (5,),
        "dense_1/kernel": (5, 1),
        "dense_1/bias": (1,),
        "normalization/mean": (3,),
        "normalization/variance": (3,),
        "normalization/count": (),
        "p_re_lu/alpha": (5,),
    }
    inner = weights_by_name(NETWORKS["shared layers and models inside"](fg))
    assert {"sequential/dense_1/kernel", "functional/dense/bias"} <= set(inner)


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    model = NETWORKS["a stack"](fg)
    model.save_weights(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as found:
        assert {name: found[name].shape for name in found} == {
            name: variable.shape for name, variable in weights_by_name(model).items()
        }
        for name, variable in weights_by_name(model).items():
            np.testing.assert_array_equal(found[name], variable.numpy())


def test_what_numpy_writes_is_read(tmp_path: Path) -> None:
    model = NETWORKS["a stack"](fg)
    arrays: dict[str, Any] = {name: np.array(v.numpy() + 1, order="F") for name, v in weights_by_name(model).items()}
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "w.npz", **arrays)
        model.load_weights(tmp_path / "w.npz")
        for name, variable in weights_by_name(model).items():
            np.testing.assert_array_equal(variable.numpy(), arrays[name])


def stack(*units: int) -> Any:
    model = fg.Sequential([fg.Input((3,)), *(layers.Dense(size) for size in units)])
    model.compile("adam", "mse")
    return model


@endings
@pytest.mark.parametrize("other", [(4, 5, 1), (4,), (4, 4, 1, 1)])
def test_weights_of_another_model_change_nothing(other: tuple[int, ...], ending: str, tmp_path: Path) -> None:
    kept = stack(*other)
    kept.save_weights(tmp_path / f"w{ending}")
    model = stack(4, 4, 1)
    before = model.get_weights()
    with pytest.raises(ModelFileError) as caught:
        model.load_weights(tmp_path / f"w{ending}")
    assert caught.value.file == str(tmp_path / f"w{ending}")
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors", ".npz"])
def test_what_does_not_fit_may_be_skipped_with_a_warning(ending: str, tmp_path: Path) -> None:
    kept, model = stack(4, 5), stack(4, 2)
    kept.save_weights(tmp_path / f"w{ending}")
    before = model.layers[1].get_weights()
    with pytest.warns(UserWarning, match="left as it is"):
        model.load_weights(tmp_path / f"w{ending}", skip_mismatch=True)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], kept.layers[0].get_weights()[0])
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], before[0])


def test_an_optimizer_of_another_kind_starts_anew_and_says_so(tmp_path: Path) -> None:
    kept = stack(4, 1)
    kept.fit(X, Y, verbose=0)
    kept.save_weights(tmp_path / "w.weights.h5")
    model = stack(4, 1)
    model.compile(fg.optimizers.SGD(0.1, momentum=0.9), "mse")
    with pytest.warns(UserWarning, match=r"the state of sgd\w* is not loaded"):
        model.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict(X, verbose=0), kept.predict(X, verbose=0))
    bare = fg.Sequential([fg.Input((3,)), layers.Dense(4), layers.Dense(1)])  # not compiled: nothing to load it into
    bare.load_weights(tmp_path / "w.weights.h5")


def test_layers_of_equal_names_are_read_from_older_files(tmp_path: Path) -> None:
    def named(*pairs: tuple[str, int]) -> Any:
        return fg.Sequential([fg.Input((3,)), *(layers.Dense(units, name=name) for name, units in pairs)])

    kept, model = named(("a", 4), ("b", 2)), named(("a", 4), ("c", 7))
    kept.save_weights(tmp_path / "w.h5")
    before = model.layers[1].get_weights()
    model.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], kept.layers[0].get_weights()[0])
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], before[0])
    with pytest.raises(ModelFileError, match=r"\(3, 4\).*has \(3, 9\)"):
        named(("a", 9)).load_weights(tmp_path / "w.h5", by_name=True)
    kept.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ModelFileError, match="by_name=True is for"):
        model.load_weights(tmp_path / "w.weights.h5", by_name=True)


def test_narrower_numbers_may_be_read_and_wider_ones_not(tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((3,), dtype="float64"), layers.Dense(1, dtype="float64")])
    arrays = {name: variable.numpy().astype("float32") for name, variable in weights_by_name(model).items()}
    np.savez(tmp_path / "w.npz", **arrays)
    model.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(model.get_weights()[0], arrays["dense/kernel"])
    model.save_weights(tmp_path / "wide.npz")
    with pytest.raises(ModelFileError, match=r"float64 in the file, but .* is float32"):
        stack(1).load_weights(tmp_path / "wide.npz")


def test_other_files_are_told(tmp_path: Path) -> None:
    model = stack(1)
    with pytest.raises(ValueError, match=r"ends in .weights.h5, .h5"):
        model.save_weights(tmp_path / "checkpoint")
    (tmp_path / "checkpoint.index").write_bytes(b"")
    with pytest.raises(ModelFileError, match="checkpoints of TensorFlow are not read"):
        model.load_weights(tmp_path / "checkpoint")
    with pytest.raises(ModelFileError, match="cannot be opened"):
        model.load_weights(tmp_path / "nowhere.npz")
    model.save_weights(tmp_path / "checkpoint.index.npz")
    with pytest.raises(FileExistsError):
        model.save_weights(tmp_path / "checkpoint.index.npz", overwrite=False)


def test_safetensors_of_the_library_and_ours_are_the_same(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    model, other = stack(4, 1), stack(4, 1)
    model.save_weights(tmp_path / "w.safetensors")
    found = library.load_file(tmp_path / "w.safetensors")
    assert list(found) == list(weights_by_name(model))
    library.save_file({name: array + 1 for name, array in found.items()}, tmp_path / "theirs.safetensors")
    other.load_weights(tmp_path / "theirs.safetensors")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0] + 1)


def test_a_list_of_names_may_be_long(tmp_path: Path) -> None:
    names = [f"{'x' * 900}_{number}" for number in range(80)]
    model = fg.Sequential([fg.Input((3,)), *(layers.Dense(3, name=name) for name in names)])
    model.save(tmp_path / "m.h5")
    again = models.load_model(tmp_path / "m.h5")
    for mine, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
