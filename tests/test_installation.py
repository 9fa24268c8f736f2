"""The zoo's own name: what is to be typed brings the zoo, and never the stranger's package that is called `zoo`."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from zoo.io import installation
from zoo.io.installation import DISTRIBUTION, install

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = [ROOT / "README.md", *sorted((ROOT / "zoo").rglob("*.md"))]
SOURCES = [*sorted((ROOT / "zoo").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
A_STRANGER = re.compile(r"pip3? install\b[^`\n&;|]*?(?<![\w./-])zoo(?![\w./-])")


def strings(path):
    """(line, text) of every string; what an f-string fills in stands as {}."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def test_nothing_tells_to_install_a_stranger():
    for wrong in ("pip install 'zoo[sweep]'", "pip install -U zoo", "pip install -q zoo"):
        assert A_STRANGER.search(wrong)
    for right in (
        "pip install . && zoo train",
        "pip install -U keras-reference-zoo",
        "`pip install .`, then zoo train",
    ):
        assert not A_STRANGER.search(right)
    said = [(path, line, text) for path in SOURCES for line, text in strings(path)]
    said += [(path, i, text) for path in PAGES for i, text in enumerate(path.read_text("utf-8").splitlines(), 1)]
    assert [f"{path}:{line}: {text}" for path, line, text in said if A_STRANGER.search(text)] == []


def test_extras_are_brought_by_one_function():
    """Nowhere else is one of our own written out, and each that is named stands in pyproject.toml."""
    named = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "install":
                assert all(isinstance(given, ast.Constant) for given in node.args), f"{path}:{node.lineno}"
                named |= {given.value for given in node.args}
        if path != Path(installation.__file__):
            spelled = [f"{path}:{line}: {text}" for line, text in strings(path) if re.search(r"install\b.*\[\w", text)]
            assert spelled == [], "an installation is named by zoo.io.installation.install"
    assert {"sweep", "export", "torch", "gpu"} <= named
    for text in (*PROJECT["optional-dependencies"]["dev"], *(page.read_text("utf-8") for page in PAGES)):
        for extras in re.findall(rf"(?:'\.|{DISTRIBUTION})\[([\w,]+)\]", text):
            named |= set(extras.split(","))
    assert {"dev", "notebooks"} <= named
    assert named <= set(PROJECT["optional-dependencies"])


def test_the_distribution_is_what_pyproject_calls_it():
    assert PROJECT["name"] == DISTRIBUTION
    assert importlib.metadata.version(DISTRIBUTION) == PROJECT["version"]
    assert set(PROJECT["scripts"]) == {"zoo"}


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """The package in site-packages, without a word from pip on where it came from."""
    monkeypatch.setattr(installation, "__file__", str(tmp_path / "site" / "zoo" / "io" / "installation.py"))
    about = tmp_path / "site" / f"{DISTRIBUTION.replace('-', '_')}-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return about


def test_what_to_type_in_a_clone_and_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert install("sweep") == "pip install '.[sweep]'"
    assert install() == "git pull && pip install ."
    monkeypatch.chdir(tmp_path)  # here `.` would be another project, or none
    assert install("sweep") == f"pip install '{ROOT}[sweep]'"
    assert install() == f"cd {ROOT} && git pull && pip install ."


def test_what_to_type_without_a_clone(moved, tmp_path):
    assert install("sweep") == "pip install 'keras-reference-zoo[sweep]'"
    assert install() == "pip install -U keras-reference-zoo"
    (tmp_path / "site" / "pyproject.toml").write_text('[project]\nname = "zoo"\n')
    assert install() == "pip install -U keras-reference-zoo"


@pytest.mark.parametrize("there", [True, False])
def test_what_to_type_after_an_installation_from_a_clone(moved, tmp_path, monkeypatch, there):
    clone = tmp_path / "my clone"
    (moved / "direct_url.json").write_text(f'{{"url": "{clone.as_uri()}", "dir_info": {{}}}}')
    if there:
        clone.mkdir()
        (clone / "pyproject.toml").write_text(f'[project]\nname = "{DISTRIBUTION}"\n')
        assert install("sweep") == f"pip install '{clone}[sweep]'"
        monkeypatch.chdir(clone)
    assert install("sweep") == ("pip install '.[sweep]'" if there else "pip install 'keras-reference-zoo[sweep]'")


def test_asking_costs_nothing_at_start_up():
    code = (
        "import sys, zoo.io.installation; print(sorted({'importlib.metadata', 'tomllib', 'json'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_an_artifact_with_a_layer_of_ours_says_what_brings_it():
    from zoo.runs.portable_readme import _needed

    assert _needed({"format": "keras", "notes": []}) == "keras tensorflow"
    foreign = {"format": "keras", "notes": ["import zoo.layers before loading it: zoo.layers.RBF"]}
    assert _needed(foreign) == "keras tensorflow keras-reference-zoo"
