"""TensorBoard: histograms, pictures, the graph, speeds; and what is told of arguments, folders and odd numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.boards import fitted, named
from tests.fit.event_reading import files_in, read, values_of
from tests.fit.support import Own, X, Y, sequential

from flintglass import Input, Model, Sequential, layers
from flintglass.callbacks import LambdaCallback, TensorBoard
from flintglass.callbacks.folders import UnusableFolder


def test_weights_have_histograms_under_their_paths(tmp_path: Path) -> None:
    weights: list[list[np.ndarray]] = []
    looking = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model = named()
    fitted(tmp_path, model, epochs=4, histogram_freq=2, more=[looking])
    found = read(tmp_path / "train")
    paths = [weight.path for weight in model.weights]
    assert [tag for tag in found if tag.endswith("/histogram")] == [f"{path}/histogram" for path in paths]
    assert "net/first/kernel" in paths
    for number, path in enumerate(paths):
        pairs = found[f"{path}/histogram"]
        assert [step for step, _ in pairs] == [0, 2]
        for step, rows in pairs:
            values = weights[step][number].astype("float64")
            if values.min() < values.max():
                np.testing.assert_array_equal(rows[:, 2], np.histogram(values, 30)[0])
            assert (rows[0, 0], rows[-1, 1], rows[:, 2].sum()) == (values.min(), values.max(), values.size)


def test_weights_of_nested_and_normalizing_layers_have_histograms_too(tmp_path: Path) -> None:
    inner = Sequential([Input((3,)), layers.Dense(2, name="deep")], name="inner")
    model = Sequential([Input((3,)), inner, layers.BatchNormalization(name="norm"), layers.Dense(1)], name="net")
    model.compile("sgd", "mse")
    fitted(tmp_path, model, histogram_freq=1)
    tags = set(read(tmp_path / "train"))
    assert {"inner/deep/kernel/histogram", "net/norm/moving_variance/histogram"} <= tags


def test_pictures_of_weights_are_written_with_the_histograms(tmp_path: Path) -> None:
    fitted(tmp_path, named(), histogram_freq=1, write_images=True)
    found = read(tmp_path / "train")
    assert found["net/first/kernel/image"][0][1][:2] == [b"5", b"3"]
    assert [step for step, _ in found["net/first/bias/image"]] == [0, 1, 2]
    assert "net/last/bias/image" not in found  # one number is no picture
    assert "net/last/bias/histogram" in found


def test_numbers_of_weights_that_are_not_finite_are_told_once(tmp_path: Path) -> None:
    model = named()
    kernel = model.weights[0]

    def spoil(epoch: int, logs: Any) -> None:
        kernel.assign(np.where(np.arange(15).reshape(3, 5) < 2, np.nan, kernel.numpy()))

    spoiling = LambdaCallback(on_epoch_end=spoil)
    told = "TensorBoard writes a histogram of net/first/kernel without 2 numbers that are not finite"
    with pytest.warns(UserWarning, match=told) as warned:
        model.fit(X, Y, verbose=0, callbacks=[spoiling, TensorBoard(tmp_path, histogram_freq=1)])
    assert len(warned) == 1
    ((_, rows),) = read(tmp_path / "train")["net/first/kernel/histogram"]
    assert rows[:, 2].sum() == 13


def test_the_layers_and_the_program_are_written_once(tmp_path: Path) -> None:
    model, _ = fitted(tmp_path)
    graph, listing = values_of(files_in(tmp_path / "train")[0])[:2]
    assert (graph.step, graph.tag, graph.page, graph.content) == (0, "keras", "graph_keras_model", b"1")
    assert json.loads(graph.value) == json.loads(model.to_json())
    assert (listing.step, listing.tag, listing.page) == (0, "program", "text")
    assert listing.value.decode() == f"```\n{model.program('train')}\n```"


def test_what_has_no_graph_or_no_program_is_written_without(tmp_path: Path) -> None:
    own = Own()
    own.compile("sgd", "mse")
    fitted(tmp_path / "own", own)
    assert {"keras", "program"} & set(read(tmp_path / "own" / "train")) == {"program"}
    fitted(tmp_path / "eager", sequential("sgd", "mse", run_eagerly=True))
    assert {"keras", "program"} & set(read(tmp_path / "eager" / "train")) == {"keras"}
    fitted(tmp_path / "without", write_graph=False)
    assert not {"keras", "program"} & set(read(tmp_path / "without" / "train"))


def test_a_model_without_a_document_is_told(tmp_path: Path) -> None:
    class Odd(layers.Layer):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor

        def get_config(self) -> Any:
            raise NotImplementedError("this one keeps its settings to itself")

    start = Input((3,))
    model = Model(start, layers.Dense(1)(Odd(2.0)(start)))
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="no graph of the layers.*keeps its settings to itself"):
        fitted(tmp_path, model)
    assert "program" in read(tmp_path / "train")


def test_steps_per_second_are_written(tmp_path: Path) -> None:
    fitted(tmp_path, update_freq=3, write_steps_per_second=True)
    found = read(tmp_path / "train")
    assert [step for step, _ in found["epoch_steps_per_second"]] == [0, 1, 2]
    assert [step for step, _ in found["batch_steps_per_second"]] == [3, 6, 9, 12]
    speeds = [value for tag in ("epoch", "batch") for _, value in found[f"{tag}_steps_per_second"]]
    assert all(0 < speed < math.inf for speed in speeds)


def test_logs_that_are_no_numbers_are_told_once(tmp_path: Path) -> None:
    putting = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(table=np.ones((2, 2))))
    with pytest.warns(UserWarning, match=r"no epoch_table.*shape \(2, 2\)") as warned:
        sequential().fit(X, Y, epochs=3, verbose=0, callbacks=[putting, TensorBoard(tmp_path)])
    assert len(warned) == 1
    assert "epoch_loss" in read(tmp_path / "train")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"profile_batch": 2}, "profile_batch=2 has no effect: no profile is written"),
        ({"profile_batch": (2, 5)}, "profile_batch"),
        ({"profile_batch": "10,20"}, "profile_batch"),
        ({"embeddings_freq": 1}, "embeddings_freq has no effect"),
        ({"embeddings_metadata": "names.tsv"}, "embeddings_metadata has no effect"),
        ({"write_images": True}, "write_images writes with the histograms.*histogram_freq"),
    ],
)
def test_what_is_not_written_is_told(options: Any, told: str) -> None:
    with pytest.warns(UserWarning, match=told):
        TensorBoard(**options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"update_freq": 0}, "update_freq is 'epoch', 'batch'"),
        ({"update_freq": "steps"}, "update_freq"),
        ({"update_freq": 2.5}, "update_freq"),
        ({"update_freq": True}, "update_freq"),
        ({"histogram_freq": -1}, "histogram_freq"),
        ({"embeddings_freq": -1}, "embeddings_freq"),
        ({"profile_batch": "soon"}, "profile_batch"),
        ({"profile_batch": (1, 2, 3)}, "profile_batch"),
        ({"log_dir": ""}, "log_dir.*empty"),
        ({"log_dir": "gs://bucket/logs"}, "a folder of this machine"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(options: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"TensorBoard: .*{told}|TensorBoard: {told}"):
        TensorBoard(**options)


def test_a_log_dir_that_is_a_file_is_told_before_training_begins(tmp_path: Path) -> None:
    path = tmp_path / "logs"
    path.write_text("mine")
    model = sequential()
    before = model.get_weights()
    with pytest.raises(UnusableFolder, match=r"TensorBoard cannot keep files in .*logs is a file, not a folder"):
        fitted(path, model)
    assert path.read_text() == "mine"
    for array, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, kept)
