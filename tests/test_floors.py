"""The house: imports go down the floors, and nothing slow is imported before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "zoo"

FLOORS = [
    {"errors", "spec", "catalog", "registry", "config", "disk", "rundir", "glance"},
    {"layers", "counting", "models", "data", "training", "weights"},
    {
        "build",
        "runner",
        "evaluation",
        "prediction",
        "drawing",
        "pictures",
        "devices",
        "tables",
        "verify",
        "deriving",
        "summarizing",
        "showing",
        "comparison",
        "export", "exporting",
        "callables", "publishing",
        "repeating",
        "folding",
        "sweeping",
        "sweep_space",
        "lr_finding",
        "reproducing",
        "run_comparison",
        "paired",
        "data_report",
        "embedding",
        "terminal",
        "explaining", "feature_space",
        "finishing", "pages", "interval", "benchmarking",
    },
    {"cli", "__main__", "__init__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
SLOW = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy"}
ROOMS = {"models": {"layers", "models"}, "data": {"data"}, "training": {"training"}}  # floor 1: what each may use of it


def _modules():
    for path in sorted(ROOT.rglob("*.py")):
        yield path, path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imports(path: Path, *, top_only: bool):
    """(line, dotted name) of every import; those under TYPE_CHECKING do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        n
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for n in ast.walk(node)
    }
    package = path.parent.relative_to(ROOT.parent).parts
    for node in tree.body if top_only else ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            name = ".".join(base + ([node.module] if node.module else []))
            if name == "zoo":
                yield from ((node.lineno, f"zoo.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, name


@pytest.mark.parametrize(("path", "room"), [pytest.param(p, r, id=str(p.relative_to(ROOT))) for p, r in _modules()])
def test_imports_go_down(path, room):
    assert room in FLOOR, f"{path}: a new room: give '{room}' a floor in tests/test_floors.py"
    for line, name in _imports(path, top_only=False):
        parts = name.split(".")
        if parts[0] != "zoo" or len(parts) < 2 or parts[1] not in FLOOR:
            continue
        target = parts[1]
        assert FLOOR[target] <= FLOOR[room], (
            f"{path}:{line}: {room} (floor {FLOOR[room]}) imports {target} (floor {FLOOR[target]}); "
            "move the shared part down, or pass it as an argument"
        )
        if room in ROOMS and FLOOR[target] == 1:
            assert target in ROOMS[room], (
                f"{path}:{line}: {room} imports {target}; models, data and training never import each other: "
                "bring them together in build.py or runner.py"
            )


@pytest.mark.parametrize(
    ("path", "room"), [pytest.param(p, r, id=str(p.relative_to(ROOT))) for p, r in _modules() if FLOOR.get(r) != 1]
)
def test_slow_imports_stand_inside_functions(path, room):
    for line, name in _imports(path, top_only=True):
        assert name.split(".")[0] not in SLOW, f"{path}:{line}: import {name} inside the function that needs it"
    if FLOOR.get(room) == 0:
        for line, name in _imports(path, top_only=False):
            assert name.split(".")[0] not in SLOW | {"numpy"}, f"{path}:{line}: floor 0 knows no {name}"


def test_models_can_be_pasted_into_a_notebook():
    allowed = {"__future__", "keras", "zoo.layers", "zoo.models.common", "math", "collections.abc", "typing", "numpy"}
    for path in (ROOT / "models").glob("*.py"):
        if path.name in ("common.py", "__init__.py"):
            continue
        for line, name in _imports(path, top_only=False):
            assert name in allowed, f"{path}:{line}: a model file imports keras, zoo.layers and zoo.models.common only"


def test_the_catalogue_is_data():
    for path in (ROOT / "catalog").glob("*.py"):
        for line, name in _imports(path, top_only=False):
            assert name in {"__future__", "zoo.spec", "zoo.catalog", "collections.abc", "typing"}, (
                f"{path}:{line}: {name}"
            )


@pytest.mark.parametrize(
    "command", [["list"], ["--help"], ["info", "resnet50"], ["config", "configs/lenet5_digits.yaml"]]
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
