"""The house: imports go down from room to room, and nothing slow is imported before it is needed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo.catalog.rows import FAMILIES

ROOT = Path(__file__).parent.parent / "zoo"

# From the ground up: each room, and those that it may import. `errors` and `io` may be imported by every room above
# them (`models` alone never needs `io`); "below" stands for every room further up in this table.
BELOW = None
HOUSE = {
    "errors": set(),
    "io": set(),
    "layers": set(),
    "models": {"layers"},
    "catalog": set(),
    "config": {"catalog"},
    "graph": {"layers", "catalog"},
    "draw": {"graph"},
    "data": {"config"},
    "training": {"config", "graph"},
    "weights": {"catalog", "graph"},
    "build": {"weights", "data", "graph", "catalog", "config", "layers"},
    "runs": BELOW,
    "analysis": BELOW,
    "experiments": BELOW,
    "cli": BELOW,
}
PAGES = ("guide",)  # no rooms: what is printed, and no Python
DOORS = {"zoo", "zoo.__main__"}  # the lazy front doors may name everything
SLOW = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy"}
BUILT_ON_KERAS = {"layers", "models", "data", "training", "weights"}  # these rooms import it where they begin
ALSO = {"zoo.graph.counts", "zoo.build.heads"}
QUICK = {"errors", "catalog", "config"}  # these know nothing slow, not even inside a function
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}


def _room(module):
    return module.split(".")[1]


def _may_import(room):
    order = list(HOUSE)
    below = set(order[: order.index(room)])
    free = {"errors"} if room == "models" else {"errors", "io"}
    return below if HOUSE[room] is BELOW else (HOUSE[room] | free) & below


def _imports(path, *, top_only):
    """(line, dotted name) of every import, those for types alone and those inside functions included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.parent.relative_to(ROOT.parent).parts
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            name = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                yield node.lineno, f"{name}.{alias.name}"


def _arrows(module):
    """(line, module of ours that is imported)."""
    for line, name in _imports(MODULES[module], top_only=False):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        if name and name not in DOORS | {module}:
            yield line, name


INSIDE = [module for module in MODULES if module not in DOORS]


@pytest.mark.parametrize("module", INSIDE)
def test_imports_go_down(module):
    room = _room(module)
    assert room in HOUSE, f"{MODULES[module]}: a new room: give '{room}' its place in the table of tests/test_floors.py"
    for line, target in _arrows(module):
        assert _room(target) == room or _room(target) in _may_import(room), (
            f"{MODULES[module]}:{line}: {room} imports {target}, but may import "
            f"{', '.join(sorted(_may_import(room))) or 'nothing'}: move the shared part down, or pass it as an argument"
        )


def test_no_circle_of_files():
    graph = {module: {target for _, target in _arrows(module)} for module in INSIDE}
    done, path = set(), []

    def visit(module):
        if module in path:
            circle = " -> ".join([*path[path.index(module) :], module])
            pytest.fail(f"imports go round: {circle}: put what both need into a file below them")
        if module not in done:
            path.append(module)
            for target in sorted(graph[module]):
                visit(target)
            done.add(path.pop())

    for module in graph:
        visit(module)


def test_few_rooms_and_no_name_twice():
    """A public name that is also a submodule's would be overwritten by it when that is imported."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("__pycache__", *PAGES)}
    loose = {path.stem for path in ROOT.glob("*.py")} - {"__init__", "__main__"}
    assert folders | loose == set(HOUSE)
    assert loose == {"errors", "layers"}
    assert [path for name in PAGES for path in (ROOT / name).rglob("*") if path.suffix != ".md"] == []
    assert not {*folders, *PAGES} & set(dir(zoo)), "a folder bears a public name of the package"
    for room in ("build", "runs", "analysis", "experiments"):
        code = ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8")).body
        assert len(code) == 1, (
            f"zoo/{room}/__init__.py holds more than its docstring: importing a room must cost nothing"
        )


@pytest.mark.parametrize("module", [m for m in INSIDE if _room(m) not in BUILT_ON_KERAS and m not in ALSO])
def test_slow_imports_stand_inside_functions(module):
    path = MODULES[module]
    for line, name in _imports(path, top_only=True):
        assert name.split(".")[0] not in SLOW, f"{path}:{line}: import {name} inside the function that needs it"
    if _room(module) in QUICK:
        for line, name in _imports(path, top_only=False):
            assert name.split(".")[0] not in SLOW | {"numpy"}, f"{path}:{line}: {_room(module)} knows no {name}"


def test_models_can_be_pasted_into_a_notebook():
    allowed = ("__future__", "keras", "zoo.layers", "zoo.models.common", "math", "collections.abc", "typing", "numpy")
    for path in (ROOT / "models").glob("*.py"):
        if path.name in ("common.py", "__init__.py"):
            continue
        for line, name in _imports(path, top_only=False):
            assert f"{name}.".startswith(tuple(f"{one}." for one in allowed)), (
                f"{path}:{line}: a model file imports keras, zoo.layers and zoo.models.common only"
            )


def _is_there(dotted):
    """Whether a module of ours has this function, class or method, imported from another one of ours or its own."""
    module = dotted
    while module not in MODULES:
        module = module.rpartition(".")[0]
    body = ast.parse(MODULES[module].read_text(encoding="utf-8")).body
    for name in dotted.removeprefix(module).split(".")[1:]:
        found = [node for node in body if getattr(node, "name", None) == name]
        if not found:
            imported = [node for node in body if isinstance(node, ast.ImportFrom)]
            return any(alias.name == name for node in imported for alias in node.names)
        body = found[0].body
    return True


def test_the_guide_describes_this_house():
    text = (ROOT / "guide" / "house.md").read_text(encoding="utf-8")
    table, forbidden, *_ = text.split("\n## ")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .{20,} \|$", table, flags=re.MULTILINE)
    assert [room for room, _ in rows] == list(HOUSE)
    for room, says in rows:
        may = BELOW if says == "all below" else set(re.findall(r"`(\w+)`", says)) - {"errors"}
        assert may == HOUSE[room], room
        assert says.startswith("nothing") == (HOUSE[room] == set()), room
    named = re.findall(r"`(zoo\.[\w.]+)`", text)
    assert len(named) > 20
    assert [name for name in named if not _is_there(name)] == []
    for part in (*BUILT_ON_KERAS, *ALSO, *QUICK):
        assert f"`{part}`" in forbidden, part


def test_the_catalogue_is_data():
    allowed = {"__future__", "zoo.catalog", "zoo.catalog.spec", "collections.abc", "typing"}
    for family in FAMILIES:
        for line, name in _imports(MODULES[family.__name__], top_only=False):
            assert name in allowed or name.rpartition(".")[0] in allowed, f"{family.__name__}:{line}: {name}"


@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["--help"],
        ["info", "resnet50"],
        ["config", "configs/lenet5_digits.yaml"],
        ["guide"],
        ["guide", "commands"],
    ],
)
def test_quick_commands_import_no_tensorflow(command):
    code = (
        "import sys; sys.argv = ['zoo', *sys.argv[1:]]\n"
        "from zoo.cli import app\n"
        "app(standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_importing_the_package_imports_no_tensorflow():
    code = (
        "import sys, zoo; zoo.list_models(); zoo.resnet50; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
