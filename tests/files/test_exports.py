"""Model.export as a user meets it: what is written, what is refused, and that names cannot do harm."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.exported import (
    CLANG_TIDY,
    COMPILERS,
    STRICT,
    by_keys,
    check_script,
    differences,
    each_compiler,
    loaded,
    needs_a_compiler,
    self_tests,
)

import flintglass
from flintglass import Input, Model, Sequential, layers, ops
from flintglass.errors import ExportError
from flintglass.exporters import c_header, formats, python_script
from flintglass.models.exporting import gathered

HOSTILE = 'x"""\nimport os\nos.abort() */ \\ ??/ #define int {name} \u2028 raise'


def network(*inner: Any, size: int = 4) -> Sequential:
    flintglass.utils.set_random_seed(1)
    return Sequential([Input((size,)), *inner])


def two_inputs() -> Model:
    flintglass.utils.set_random_seed(2)
    a, b = Input((3,), name="a"), Input((2,), name="b c", dtype="int32")
    words = layers.Flatten()(layers.Embedding(5, 2)(b))
    both = layers.Concatenate()([layers.BatchNormalization()(a), words])
    hidden = layers.Dropout(0.5)(layers.Dense(4, "gelu")(both))
    return Model([a, b], [layers.Dense(3, "softmax", name="kinds")(hidden), layers.Dense(1, "sigmoid")(hidden)])


def looped(x: Any) -> Any:
    """Loops, choices and scans over each row."""
    doubled = ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2.0), (ops.convert_to_tensor(0), x))[1]
    chosen = ops.cond(ops.convert_to_tensor(1.0) > 0.5, lambda: doubled + 1.0, lambda: doubled)
    columns = ops.transpose(chosen)
    last, sums = ops.scan(lambda carry, row: (carry + row, carry * row), ops.zeros_like(columns[0]), columns)
    return ops.concatenate([ops.transpose(sums), ops.expand_dims(last, -1)], axis=-1)


NETWORKS = {
    "by_keys": by_keys,
    "regression": lambda: network(layers.Dense(5, "tanh"), layers.Dense(1)),
    "classes": lambda: network(layers.Dense(300, "relu"), layers.Dense(3, "softmax")),
    "normalized": lambda: network(layers.LayerNormalization(), layers.Dropout(0.5), layers.Dense(2, "selu")),
    "double": lambda: Sequential([Input((4,), dtype="float64"), layers.Dense(3, "softplus", dtype="float64")]),
    "two": two_inputs,
    "loops": lambda: network(layers.Lambda(looped)),
    "constant": lambda: network(layers.Rescaling([0.5, 2.0, 1.0, 3.0]), layers.Lambda(lambda x: ops.argsort(x))),
    "nothing": lambda: network(layers.Identity()),
    "deep": lambda: Sequential([Input((3, 4)), layers.Dense(5, "mish"), layers.Permute((2, 1)), layers.Dense(2)]),
    "hostile": lambda: network(layers.Dense(3, name="while"), layers.Dense(2, "softmax", name="softmax")),
}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_network_is_written_in_numpy_alone(name: str) -> None:
    check_script(gathered(NETWORKS[name](), name), 2e-6)


@each_compiler
def test_networks_are_written_in_c(tmp_path: Path, compiler: str) -> None:
    found = self_tests([gathered(make(), name) for name, make in NETWORKS.items()], tmp_path, compiler)
    assert max(found.values()) < 2e-6


@pytest.mark.parametrize("compiler", [pytest.param(c, marks=needs_a_compiler) for c in ("gcc", "clang", "g++")])
def test_a_header_tests_itself_with_the_command_that_it_names(compiler: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler} here")
    two_inputs().export(tmp_path / "net.h")
    flags = ["-std=c++11", *STRICT[1:]] if compiler == "g++" else [*STRICT, "-O2", "-x", "c"]
    language = ["-x", "c++"] if compiler == "g++" else []
    order = [compiler, *flags, *language, "-DNET_SELF_TEST", "net.h", "-o", "net_test", "-lm"]
    made = subprocess.run(order, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    run = subprocess.run([tmp_path / "net_test"], capture_output=True, text=True, check=True)
    assert "3 test vectors" in run.stdout
    assert "-std=c99 -DNET_SELF_TEST -x c net.h" in (tmp_path / "net.h").read_text()


@pytest.mark.skipif(not CLANG_TIDY, reason="no clang-tidy here")
def test_clang_has_no_warning_for_a_header(tmp_path: Path) -> None:
    for name, make in NETWORKS.items():
        (tmp_path / f"{name}.h").write_text(c_header(gathered(make(), name)))
    lines = [f'#define {name.upper()}_SELF_TEST\n#define main {name}_main\n#include "{name}.h"' for name in NETWORKS]
    (tmp_path / "main.c").write_text("\n#undef main\n".join([*lines, "int main(void) { return two_main(); }\n"]))
    checks = "--checks=-*,clang-diagnostic-*,clang-analyzer-*,-clang-analyzer-security*"
    order = [CLANG_TIDY, "--quiet", checks, "--warnings-as-errors=*", "--header-filter=.*", "main.c", "--", *STRICT]
    found = subprocess.run(order, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_a_script_tests_itself_and_imports_numpy_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    two_inputs().export(path)
    run = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=True)
    assert "3 test vectors" in run.stdout
    lines = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import)]
    imported = [alias.name for line in lines for alias in line.names]
    assert set(imported) - set(sys.stdlib_module_names) == {"numpy"}


@pytest.mark.parametrize("suffix", [".py", pytest.param(".h", marks=needs_a_compiler)])
def test_a_changed_weight_fails_the_test_inside(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"net{suffix}"
    network(layers.Dense(2, bias_initializer="ones")).export(path)
    text = path.read_text()
    assert text.count("1.0, 1.0") + text.count("1.0f, 1.0f") == 1
    path.write_text(text.replace("1.0, 1.0", "1.0, 1.01").replace("1.0f, 1.0f", "1.0f, 1.01f"))
    order: list[Any] = [sys.executable, path]
    if suffix == ".h":
        order = [tmp_path / "net_test"]
        flags = ["-std=c99", "-DNET_SELF_TEST", "-x", "c", "net.h", "-o", "net_test", "-lm"]
        subprocess.run([COMPILERS[0], *flags], cwd=tmp_path, check=True)
    run = subprocess.run(order, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "largest difference" in run.stdout


def test_given_rows_become_the_test_vectors() -> None:
    model, x = network(layers.Dense(2)), np.arange(40.0).reshape(10, 4)
    item = gathered(model, "net", x)
    np.testing.assert_array_equal(item.given[0], x[:3])
    np.testing.assert_array_equal(item.expected[0], model.predict(x[:3], verbose=0))


def test_a_model_without_an_input_is_exported_for_the_rows_that_it_is_given(tmp_path: Path) -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return {"doubled": self.inner(x) * 2.0, "same": x}

    model = Own()
    with pytest.raises(ExportError, match=r"give some rows, model.export\(path, x=rows\)"):
        model.export(tmp_path / "own.py")
    model.export(tmp_path / "own.py", x=np.ones((2, 3)))
    assert differences((tmp_path / "own.py").read_text()) == [0.0, 0.0]


def test_inputs_are_parameters_with_their_names_and_their_shapes_are_checked() -> None:
    predict = loaded(python_script(gathered(two_inputs(), "net")))["predict"]
    a, b = [[1.0, 2.0, 3.0]], [[1, 2]]
    kinds, likely = predict(a=a, b_c=b)
    assert (kinds.shape, likely.shape) == ((1, 3), (1, 1))
    with pytest.raises(ValueError, match=r"a: expected the shape \(n, 3\), but got \(3,\)"):
        predict(a[0], b)
    with pytest.raises(ValueError, match=r"the inputs must have a row each"):
        predict(a * 2, b)
    with pytest.raises(IndexError, match=r"index 5 is outside 0\.\.4"):
        predict(a, [[1, 5]])


def test_comments_of_a_header_name_what_stands_in_its_code() -> None:
    flintglass.utils.set_random_seed(9)
    one, two = Input((3,), name="of one"), Input((3,), name="two")
    inner = Sequential([Input((3,)), layers.Dense(2, "tanh"), layers.Softmax()])
    model = Model([one, two], layers.Dense(2)(layers.Concatenate()([inner(one), inner(two), two])))
    text = c_header(gathered(model, "net"))
    listed = re.findall(r"/\* (\w+ = .*) \*/", text)
    assert any("of_one @ net_dense" in line for line in listed)
    code = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))
    for line in listed:
        for word in re.findall(r"[A-Za-z_][\w.]*(?![\w.]*[(=])", line):
            assert word in {*code, "True", "call"}, line


@needs_a_compiler
def test_an_index_outside_its_table_is_reported_in_c(tmp_path: Path) -> None:
    model = Sequential([Input((1,), dtype="int32"), layers.Embedding(5, 2)])
    model.export(tmp_path / "net.h")
    main = """#include "net.h"
int main(void)
{
    const int32_t good[1] = {4}, high[1] = {5}, low[1] = {-1};
    float y[2];
    return net_predict(good, y) * 4 + !net_predict(high, y) * 2 + !net_predict(low, y);
}
"""
    (tmp_path / "main.c").write_text(main)
    subprocess.run([COMPILERS[0], *STRICT, "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x - ops.mean(x, axis=0),
        lambda x: ops.softmax(x, axis=0),
        lambda x: ops.cumsum(x, axis=0),
        lambda x: ops.flip(x, axis=0),
        lambda x: ops.sort(x, axis=0),
        lambda x: x @ (ops.transpose(x) @ x),
        lambda x: x + ops.cast(ops.shape(x)[0], "float32"),
        lambda x: ops.transpose(ops.reshape(ops.transpose(x), (-1, 4))),
    ],
    ids=["mean", "softmax", "cumsum", "flip", "sort", "products", "count", "reshape"],
)
def test_a_layer_that_works_across_rows_is_refused_in_c_and_not_in_numpy(function: Any) -> None:
    item = gathered(network(layers.Dense(4), layers.Lambda(function, name="crowd")), "net")
    check_script(item, 1e-5)
    with pytest.raises(ExportError, match=r"the layer '.*' works across the rows .* export to \.py"):
        c_header(item)


def test_a_layer_that_draws_at_predict_is_refused() -> None:
    class Noisy(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = flintglass.random.SeedGenerator(1)

        def call(self, x: Any) -> Any:
            return x + flintglass.random.normal(ops.shape(x), seed=self.seeds)

    with pytest.raises(ExportError, match=r"predict changes .* at every run"):
        gathered(network(Noisy()), "net")


def test_half_precision_is_refused_in_c_and_not_in_numpy() -> None:
    model = Sequential([Input((4,), dtype="float16"), layers.Dense(3, dtype="float16")])
    item = gathered(model, "net")
    check_script(item, 2e-3)
    with pytest.raises(ExportError, match="float16, a type that C99 does not"):
        c_header(item)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("m.onnx", "'.onnx'"), ("folder", "no suffix"), ("m.keras", "'.keras'"), ("m.c", "'.c'")],
)
def test_another_suffix_is_refused_with_what_is_offered(name: str, asked: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=rf"{name}.*\.py .*\.h .*{asked}.*ONNX and SavedModel are not offered"):
        network(layers.Dense(1)).export(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_is_asked_for_by_name_is_answered(tmp_path: Path) -> None:
    model = network(layers.Dense(1))
    model.export(tmp_path / "m.py", format="py")
    with pytest.raises(ExportError, match="the format 'tf_saved_model' was asked for"):
        model.export(tmp_path / "m.py", format="tf_saved_model")


def test_names_can_neither_end_a_comment_nor_add_code(tmp_path: Path) -> None:
    item = gathered(network(layers.Dense(2, name=HOSTILE.replace("/", "|").replace("\n", " "))), "net")
    renamed = type(item)(item.program, item.constants, item.given, item.expected, "net", [HOSTILE])
    script = python_script(renamed)
    assert "abort" not in re.sub('#.*|""".*"""', "", script).replace("os_abort", "")
    assert max(differences(script)) < 1e-6
    if COMPILERS:
        assert max(self_tests([renamed], tmp_path, COMPILERS[0]).values()) < 1e-6


def test_numbers_that_are_not_finite_are_kept() -> None:
    model = network(layers.Dense(2))
    model.set_weights([np.array([[np.inf, 1], [1, 2], [3, 4], [-0.0, 1]]), np.array([np.nan, -np.inf])])
    item = gathered(model, "net")
    check_script(item, 0.0)
    assert "NAN, -INFINITY" in c_header(item)


def test_the_same_model_is_written_as_the_same_text() -> None:
    model = two_inputs()
    for write in (python_script, c_header):
        assert write(gathered(model, "net")) == write(gathered(model, "net"))


def test_a_very_large_file_is_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGE", 1000)
    with pytest.warns(UserWarning, match=r"m\.py has 0 MB: its 5 numbers"):
        network(layers.Dense(1)).export(tmp_path / "m.py")


def test_a_function_that_needs_much_stack_is_warned_about() -> None:
    item = gathered(network(layers.RepeatVector(100_000), layers.Lambda(lambda x: ops.sum(x, axis=1))), "net")
    with pytest.warns(UserWarning, match=r"net_predict needs 1\.6 MB of stack"):
        c_header(item)


@each_compiler
def test_a_batch_of_fixed_size_is_one_call_in_c(tmp_path: Path, compiler: str) -> None:
    x = Input((4,), batch_size=8)
    item = gathered(Model(x, layers.Dense(2)(x) - ops.mean(x)), "net")
    assert item.given[0].shape == (8, 4)
    check_script(item, 1e-6)
    assert "takes x: 32 float of shape (8, 4) in row order" in c_header(item)
    assert self_tests([item], tmp_path, compiler)["net"] < 1e-6


def test_the_file_of_an_export_that_fails_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "m.h"
    network(layers.Dense(1)).export(path)
    before = path.read_bytes()
    with pytest.raises(ExportError):
        network(layers.Lambda(lambda x: ops.flip(x, axis=0))).export(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["m.h"]


def test_the_documentation_shows_what_is_written() -> None:
    """The functions of docs/exports.md stand in the exports of the network that it builds, letter for letter."""
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    build, script, header = re.findall(r"```(?:python|c)\n(.*?)```", text, re.DOTALL)
    definition = re.search(r"fg\.Sequential\(\[.*?\]\)", build, re.DOTALL)
    assert definition is not None
    model = eval(definition.group(), {"fg": flintglass})
    assert script in python_script(gathered(model, "net"))
    assert header in c_header(gathered(model, "net"))
