"""The map's arrows: which room may import which, no cycles, and files and functions that stay small."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src"
PACKAGE = "flintglass"

# The rooms from left to right. A room may import every room of the rows above its own.
# Rooms of one row do not see each other, unless EXTRA_ARROWS says so.
ROWS = (
    ("program",),
    ("primitives",),
    ("engine",),  # engines/__init__.py, engines/engine.py and what else in engines/ is not inside one engine
    ("tracing",),
    ("ops",),
    ("random",),
    ("initializers", "activations", "regularizers", "constraints"),
    ("layers", "losses", "metrics", "optimizers", "utils"),
    ("data",),
    ("callbacks", "saving"),
    ("models",),
    ("glass", "compat", "comparing", "cli", "demo", "doctor"),
)

# Rooms beside the rows: what they may import, and nothing else. No room of the rows sees an engine: engines
# are chosen by name, from a table. Only the last row sees exporters.
BESIDE = {
    "numpy_engine": ("program", "primitives", "engine"),
    "native_engine": ("program", "primitives", "engine"),
    "jax_engine": ("program", "primitives", "engine"),
    "exporters": ("program", "primitives"),
}

# Arrows that the rows do not give: (from, to) -> the reason. Keep it short.
EXTRA_ARROWS: dict[tuple[str, str], str] = {
    **{(room, "exporters"): "what the user meets may offer every export" for room in ROWS[-1]},
    ("comparing", "compat"): "one of its two processes is answered as under flintglass run",
    ("comparing", "glass"): "both loss curves are drawn as glass draws a model's",
    ("models", "exporters"): "Model.export offers them",
    ("native_engine", "numpy_engine"): "lines of the host's tier are computed by the reference kernels",
    ("metrics", "losses"): "the metric of an error is the mean of the loss of that name",
}

# The command line, the demo and the doctor show the whole house; the package's face lists it by name, and compat
# answers for it.
EVERYTHING = ("cli", "compat", "demo", "doctor", "face")

# Small modules that anything may import; they import each other, the standard library and NumPy only.
LEAVES = (
    "errors",
    "config",
    "constructors",
    "faces",
    "names",
    "identifiers",
    "customs",
    "suggestions",
    "samples",
    "lazy",
)

# Optional packages are imported inside the function that uses them, except in the engine that is one, and in
# compat/figures.py, which nobody but matplotlib imports.
THIRD_PARTY_AT_THE_TOP = {"jax_engine": {"jax", "jaxlib"}, "compat": {"matplotlib"}}

LONGEST_FILE = 400  # DESIGN's taste is about 300
LONGEST_FUNCTION = 60  # DESIGN's taste is under 40; docstrings are not counted


@dataclass(frozen=True)
class Import:
    """One imported module: where it is written, what it names, and whether importing the file runs it."""

    importer: str
    place: str
    target: str
    runs_at_import: bool


class House:
    """Every module under a source folder, parsed once."""

    def __init__(self, source: Path) -> None:
        self.files: dict[str, Path] = {}
        self.trees: dict[str, ast.Module] = {}
        for path in sorted((source / PACKAGE).rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.files[name] = path.relative_to(source.parent)
            self.trees[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
        # A folder without __init__.py is a room all the same.
        self.modules = set(self.files)
        for name in self.files:
            while "." in name:
                name = name.rpartition(".")[0]
                self.modules.add(name)
        self.imports = [found for name in self.files for found in self._imports_of(name)]

    def _imports_of(self, importer: str) -> Iterator[Import]:
        for node, runs_at_import in walk(self.trees[importer]):
            for target in self._targets(importer, node):
                yield Import(importer, f"{self.files[importer]}:{node.lineno}", target, runs_at_import)

    def _targets(self, importer: str, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._absolute(importer, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                # `from flintglass import __version__` asks the face for nothing that it would have to load.
                if not (base == PACKAGE and alias.name.startswith("__")):
                    yield inner if inner in self.modules else base
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__") and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value

    def _absolute(self, importer: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = importer.split(".")
        is_package = self.files[importer].name == "__init__.py"
        parts = parts[: len(parts) - node.level + is_package]
        return ".".join([*parts, *([node.module] if node.module else [])])


def called_name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def walk(tree: ast.AST, runs_at_import: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether importing the file runs it: not inside functions, nor under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(tree):
        yield child, runs_at_import
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield part, False
                yield from walk(part, False)
            for part in child.orelse:
                yield part, runs_at_import
                yield from walk(part, runs_at_import)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, runs_at_import and not is_function)


def room_of(module: str) -> str:
    """The room of a module of the package, by the map: `flintglass.layers.dense` is in `layers`."""
    parts = module.split(".")[1:]
    if not parts:
        return "face"
    if parts[0] == "__main__":
        return "cli"
    if parts[0] == "engines":
        return parts[1] if len(parts) > 1 and parts[1].endswith("_engine") else "engine"
    return parts[0]


def allowed_rooms() -> dict[str, set[str]]:
    """For every room, the rooms that it may import beside itself."""
    allowed: dict[str, set[str]] = {leaf: set(LEAVES) for leaf in LEAVES}
    to_the_left: set[str] = set(LEAVES)
    for row in ROWS:
        allowed.update({room: set(to_the_left) for room in row})
        to_the_left.update(row)
    allowed.update({room: {*LEAVES, *rooms} for room, rooms in BESIDE.items()})
    for importer, imported in EXTRA_ARROWS:
        allowed[importer].add(imported)
    every_room = {*allowed, "face"}
    allowed.update(dict.fromkeys(EVERYTHING, every_room))
    return allowed


def is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(PACKAGE + ".")


def broken_arrows(house: House) -> list[str]:
    allowed = allowed_rooms()
    broken = []
    for found in house.imports:
        room = room_of(found.importer)
        if room not in allowed or not is_ours(found.target):
            continue
        target_room = room_of(found.target)
        if target_room != room and target_room not in allowed[room]:
            if target_room == "face":
                reason = "the package's face reaches everything; import the module that defines the name"
            elif target_room not in allowed:
                reason = f"`{target_room}` is no room of the map"
            else:
                reason = f"`{room}` may import {', '.join(sorted(allowed[room])) or 'nothing'}"
            broken.append(f"{found.place}: {room} -> {target_room} (imports {found.target}): {reason}")
    return broken


def cycles(house: House) -> list[str]:
    """Every group of modules that cannot be imported without each other, one path through each."""
    graph = run_time_graph(house)
    found, finished = [], set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            found.append(" -> ".join([*path[path.index(module) :], module]))
        elif module not in finished:
            for target in sorted(graph[module]):
                visit(target, [*path, module])
            finished.add(module)

    for module in sorted(graph):
        visit(module, [])
    return found


def run_time_graph(house: House) -> dict[str, set[str]]:
    """Module -> modules whose bodies importing it runs, the faces of the folders around them included."""
    graph: dict[str, set[str]] = {name: set() for name in house.files}
    for found in house.imports:
        target = found.target if found.runs_at_import else ""
        while is_ours(target) and target != PACKAGE:
            around_the_importer = f"{found.importer}.".startswith(f"{target}.") and target != found.target
            if target in graph and not around_the_importer:
                graph[found.importer].add(target)
            target = target.rpartition(".")[0]
        if found.runs_at_import and found.target == PACKAGE:
            graph[found.importer].add(PACKAGE)
    return graph


def strangers(house: House) -> list[str]:
    """Third-party packages that importing a file would load."""
    found_strangers = []
    for found in house.imports:
        package = found.target.partition(".")[0]
        expected = {PACKAGE, "numpy", *THIRD_PARTY_AT_THE_TOP.get(room_of(found.importer), ())}
        if found.runs_at_import and package not in expected and package not in sys.stdlib_module_names:
            found_strangers.append(f"{found.place}: imports {package} at the top; import it where it is used")
    return found_strangers


def leaf_strangers(house: House) -> list[str]:
    """Third-party packages that a leaf imports anywhere, even inside a function."""
    return [
        f"{found.place}: the leaf {found.importer} imports {found.target}"
        for found in house.imports
        if room_of(found.importer) in LEAVES
        and found.target.partition(".")[0] not in {PACKAGE, "numpy", *sys.stdlib_module_names}
    ]


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function from its `def`, its docstring left out."""
    first = function.body[0]
    docstring_lines = 0
    if ast.get_docstring(function, clean=False) is not None:
        docstring_lines = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring_lines


def complain(heading: str, lines: list[str]) -> None:
    if lines:
        pytest.fail("\n  ".join([heading, *lines]), pytrace=False)


@pytest.fixture(scope="module")
def house() -> House:
    return House(SOURCE)


def test_every_module_stands_in_a_room_of_the_map(house: House) -> None:
    known = allowed_rooms()
    lost = [f"{house.files[name]}: room `{room_of(name)}`" for name in house.files if room_of(name) not in known]
    complain("These stand in no room. Move them, or give the room its arrows in this test (and in the map):", lost)


def test_imports_follow_the_arrows(house: House) -> None:
    complain("Broken arrows:", broken_arrows(house))


def test_modules_form_no_cycle(house: House) -> None:
    complain("Modules that import each other:", cycles(house))


def test_importing_a_file_loads_no_third_party_package_but_numpy(house: House) -> None:
    complain("Third-party imports at the top:", strangers(house))


def test_leaves_import_only_leaves_the_standard_library_and_numpy(house: House) -> None:
    complain("Leaves that import more:", leaf_strangers(house))


def test_every_file_says_its_idea_in_its_first_line() -> None:
    silent = []
    for folder in ("src", "benchmarks", "examples"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            first_line = text.partition("\n")[0]
            docstring = ast.get_docstring(ast.parse(text)) if first_line.startswith(('"""', 'r"""')) else None
            if docstring is None or len(docstring.partition("\n")[0].split()) < 3:
                silent.append(f"{path.relative_to(REPOSITORY)}: {first_line[:60]!r}")
    complain("Files whose first line is no docstring that says their idea:", silent)


def test_files_stay_small(house: House) -> None:
    long = []
    for path in house.files.values():
        lines = len((REPOSITORY / path).read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            long.append(f"{path}: {lines} lines")
    complain(f"Files of more than {LONGEST_FILE} lines; which two ideas do they hold?", long)


def test_functions_stay_small(house: House) -> None:
    long = [
        f"{house.files[name]}:{node.lineno}: {node.name}, {length_of(node)} lines"
        for name, tree in house.trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length_of(node) > LONGEST_FUNCTION
    ]
    complain(f"Functions of more than {LONGEST_FUNCTION} lines, docstrings not counted:", long)


# The judge is judged: small houses, each with one thing wrong.


def build(tmp_path: Path, files: dict[str, str]) -> House:
    for name, text in {"__init__.py": "", **files}.items():
        path = tmp_path / "src" / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return House(tmp_path / "src")


@pytest.mark.parametrize(
    ("name", "text", "arrow"),
    [
        ("program/spec.py", "import flintglass.layers.dense", "program -> layers"),
        ("program/spec.py", "def f():\n    from flintglass.ops import add", "program -> ops"),
        ("layers/dense.py", "from ..models import sequential", "layers -> models"),
        ("layers/dense.py", "from flintglass import losses", "layers -> losses"),
        ("layers/dense.py", "from flintglass import Sequential", "layers -> face"),
        (
            "ops/math.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flintglass.data",
            "ops -> data",
        ),
        ("ops/math.py", "import importlib\nimportlib.import_module('flintglass.data')", "ops -> data"),
        (
            "engines/numpy_engine/run.py",
            "from flintglass.engines.jax_engine import run",
            "numpy_engine -> jax_engine",
        ),
        ("engines/engine.py", "from flintglass.engines.numpy_engine import run", "engine -> numpy_engine"),
        ("engines/numpy_engine/run.py", "import flintglass.layers", "numpy_engine -> layers"),
        ("tracing/trace.py", "import flintglass.engines.native_engine", "tracing -> native_engine"),
        ("exporters/c.py", "import flintglass.engines.engine", "exporters -> engine"),
        ("errors.py", "import flintglass.program", "errors -> program"),
    ],
)
def test_a_forbidden_import_is_reported_with_its_file_and_line(
    tmp_path: Path, name: str, text: str, arrow: str
) -> None:
    rooms = {f"{room}/__init__.py": "" for room in ("layers", "losses", "models", "data")}
    rooms["models/sequential.py"] = ""
    (line,) = broken_arrows(build(tmp_path, {**rooms, name: text}))
    expected_line = len(text.splitlines())
    assert line.startswith(f"src/flintglass/{name}:{expected_line}: {arrow} "), line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("models/model.py", "from flintglass.program import spec\nfrom flintglass.layers import dense"),
        ("layers/dense.py", "from flintglass import __version__, errors\nfrom .base import Layer"),
        ("layers/__init__.py", "FACE = {'Dense': 'flintglass.models.dense'}"),
        ("engines/native_engine/fit.py", "from ..engine import Engine\nfrom ...primitives import table"),
        ("cli.py", "import flintglass\nimport flintglass.engines.jax_engine"),
        ("glass/report.py", "import flintglass.exporters.c\nimport json, numpy"),
    ],
)
def test_imports_along_the_arrows_pass(tmp_path: Path, name: str, text: str) -> None:
    leaves_and_rooms = {"errors.py": "", "layers/base.py": "", "engines/engine.py": ""}
    assert broken_arrows(build(tmp_path, {**leaves_and_rooms, name: text})) == []


def test_a_cycle_is_reported_as_a_path(tmp_path: Path) -> None:
    house = build(tmp_path, {"ops/a.py": "from . import b", "ops/b.py": "from flintglass.ops.a import f"})
    assert cycles(house) == ["flintglass.ops.a -> flintglass.ops.b -> flintglass.ops.a"]


def test_a_cycle_through_the_face_of_a_folder_is_reported(tmp_path: Path) -> None:
    files = {
        "ops/__init__.py": "import flintglass.data.b",
        "ops/a.py": "",
        "data/b.py": "import flintglass.ops.a",
    }
    house = build(tmp_path, files)
    assert cycles(house) == ["flintglass.data.b -> flintglass.ops -> flintglass.data.b"]


def test_a_face_that_loads_its_own_files_makes_no_cycle(tmp_path: Path) -> None:
    files = {
        "ops/__init__.py": "from flintglass.ops.a import f\nfrom .b import g",
        "ops/a.py": "from . import b",
    }
    assert cycles(build(tmp_path, {**files, "ops/b.py": ""})) == []


def test_imports_that_importing_a_file_does_not_run_make_no_cycle(tmp_path: Path) -> None:
    later = "def f():\n    import flintglass.ops.a"
    house = build(tmp_path, {"ops/a.py": "import flintglass.ops.b", "ops/b.py": later})
    assert cycles(house) == []


def test_a_third_party_import_at_the_top_is_reported(tmp_path: Path) -> None:
    files = {"glass/plots.py": "import matplotlib.pyplot", "engines/jax_engine/run.py": "import jax"}
    (line,) = strangers(build(tmp_path, files))
    assert line.startswith("src/flintglass/glass/plots.py:1: imports matplotlib")


def test_docstrings_do_not_count_as_length() -> None:
    function = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').body[0]
    assert isinstance(function, ast.FunctionDef)
    assert length_of(function) == 2
