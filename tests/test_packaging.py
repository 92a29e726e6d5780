"""What is installed: the right packages and files, under one name, also without symbolic links."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import agentcore

ROOT = Path(__file__).parent.parent
LINKED = ("memory", "planners", "tools")
CODE = ("agentcore", *LINKED)
SHIPPED = (*CODE, "docs", "examples", "tests")
TOOLS = ("test", "dev")
"""The extras that the library itself does not use."""
BROUGHT_BY = {
    "httpcore2": "openai",
    "httpx": "ollama",
    "httpx2": "openai",
    "numpy": "faiss-cpu",
    "pydantic_core": "pydantic",
}
"""What is a part of the interface of a dependency, and is imported only beside it."""


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files_on_disk() -> Iterator[str]:
    """The files that belong into the wheel, as they are called there."""
    for folder in CODE:
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT)
            is_linked = folder == "agentcore" and name.parts[1] in LINKED
            if path.is_file() and "__pycache__" not in name.parts and not is_linked:
                yield name.as_posix() if folder == "agentcore" else f"agentcore/{name.as_posix()}"


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-") for line in requirements}


def test_the_listed_packages_are_the_ones_on_disk() -> None:
    folders = {name.rpartition("/")[0] for name in files_on_disk() if name.endswith(".py")}

    listed = pyproject()["tool"]["setuptools"]["packages"]

    assert listed == sorted(folder.replace("/", ".") for folder in folders)


def test_the_runtime_dependencies_are_the_agreed_ones() -> None:
    assert requirement_names(pyproject()["project"]["dependencies"]) == {
        "ddgs",
        "faiss-cpu",
        "jinja2",
        "json-repair",
        "networkx",
        "ollama",
        "openai",
        "pydantic",
        "tenacity",
        "typing-extensions",
    }


def test_the_library_imports_only_what_it_declares() -> None:
    project = pyproject()["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    optional = [line for name, lines in extras.items() if name not in TOOLS for line in lines]
    declared = requirement_names(project["dependencies"] + optional)
    distributions = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for name in top_level_imports(path)
        if requirement_names([BROUGHT_BY.get(name, name)]) - declared
        if not requirement_names(distributions.get(name, [])) & declared
    }

    assert undeclared == set()


def top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top != "agentcore":
                yield top


def test_every_pin_is_exact_and_names_no_index() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []


def test_every_direct_requirement_is_pinned() -> None:
    project = pyproject()["project"]
    wanted = requirement_names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted |= requirement_names(extra)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert wanted - {"agentcore-framework"} - requirement_names(pins) == set()


def test_the_newest_heading_of_the_changelog_is_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    headings = re.findall(
        r"^## \[(.+?)\] - (?:unreleased|\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE
    )

    assert headings[0] == agentcore.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", agentcore.__version__)


def copy_tree(target: Path, *, linked: bool) -> Path:
    """Copy what a clone holds; without links it is what a checkout on Windows may be."""
    for folder in SHIPPED:
        ignored = shutil.ignore_patterns("__pycache__", *(LINKED if folder == "agentcore" else ()))
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, target)
    for folder in LINKED if linked else ():
        (target / "agentcore" / folder).symlink_to(Path("..", folder))
    return target


def build(tree: Path, *options: str, into: Path) -> dict[str, list[str]]:
    """Build distributions; the files in each, by the suffix of the distribution."""
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", str(into)]
    done = subprocess.run([*command, str(tree)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    contents: dict[str, list[str]] = {}
    for path in into.iterdir():
        if path.suffix == ".whl":
            with ZipFile(path) as wheel:
                contents["wheel"] = [name for name in wheel.namelist() if ".dist-info/" not in name]
        else:
            with tarfile.open(path) as sdist:
                contents["sdist"] = [name.partition("/")[2] for name in sdist.getnames()]
    return contents


@pytest.mark.slow
@pytest.mark.parametrize("linked", [True, False])
def test_the_wheel_holds_what_is_on_disk_with_and_without_links(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, *, linked: bool
) -> None:
    tree = copy_tree(tmp_path_factory.mktemp("tree"), linked=linked)

    built = build(tree, "--wheel", into=tmp_path)

    assert sorted(built["wheel"]) == sorted(files_on_disk())


@pytest.mark.slow
@pytest.mark.parametrize("linked", [True, False])
def test_the_sdist_is_complete_and_builds_the_same_wheel(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, *, linked: bool
) -> None:
    tree = copy_tree(tmp_path_factory.mktemp("tree"), linked=linked)

    built = build(tree, into=tmp_path)  # the wheel is built from the sdist

    assert sorted(built["wheel"]) == sorted(files_on_disk())
    assert {"LICENSE", "README.md", "Makefile", "tests/conftest.py"} <= set(built["sdist"])
    assert not [name for name in built["sdist"] if name.startswith("agentcore/tools")]
