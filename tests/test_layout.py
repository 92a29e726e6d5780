"""Small files, short functions, and folders at the top that are imported under one name only."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKED = ("memory", "planners", "tools")
LIBRARY = ("agentcore", *LINKED)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
WAIVERS: Mapping[str, str] = {}
"""`path` or `path:function` to the reason why it may be longer. Splitting it must be worse."""


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file of the folders, once: the links within agentcore are not followed."""
    for folder in folders:
        for directory, _, names in os.walk(ROOT / folder):
            yield from (Path(directory, name) for name in names if name.endswith(".py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def too_long() -> Iterator[tuple[str, int]]:
    for path in python_files(*LIBRARY, "benchmarks", "examples", "tests"):
        name = path.relative_to(ROOT).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            yield name, lines
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = function_lines(node)
                if lines > MAX_FUNCTION_LINES:
                    yield f"{name}:{node.name}", lines


def test_files_and_functions_stay_under_their_ceilings() -> None:
    assert {name: lines for name, lines in too_long() if name not in WAIVERS} == {}


def test_every_waiver_is_still_needed() -> None:
    assert set(WAIVERS) <= {name for name, _ in too_long()}


def test_a_docstring_does_not_count_as_lines_of_its_function() -> None:
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    a = 1\n    return a\n'
    (function,) = ast.parse(source).body

    assert isinstance(function, ast.FunctionDef)
    assert function_lines(function) == 2


@pytest.mark.parametrize("folder", LINKED)
def test_a_linked_folder_is_imported_as_a_part_of_agentcore(folder: str) -> None:
    module = importlib.import_module(f"agentcore.{folder}")

    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == ROOT / folder / "__init__.py"


@pytest.mark.parametrize("folder", LINKED)
def test_a_linked_folder_is_a_relative_link(folder: str) -> None:
    link = ROOT / "agentcore" / folder
    if not link.is_symlink():
        pytest.skip("a checkout without symbolic links")

    assert link.readlink() == Path("..", folder)


def test_importing_everything_makes_no_second_copy_under_a_top_level_name() -> None:
    program = (
        "import importlib, pkgutil, sys, agentcore\n"
        "for module in pkgutil.walk_packages(agentcore.__path__, 'agentcore.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        f"print(*sorted({set(LINKED)!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("", "")


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_the_library_imports_itself_relatively() -> None:
    absolute = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files(*LIBRARY)
        for name in imported_names(parse(path))
        if name.partition(".")[0] in LIBRARY
    }

    assert absolute == set()


def test_nothing_is_left_for_later_in_the_code() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX)\b")
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files(*LIBRARY, "benchmarks", "examples")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if unfinished.search(line)
    }

    assert found == set()
