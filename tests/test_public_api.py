"""The public names are listed, sorted and complete, and importing them loads no vendor library."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import pytest

import agentcore
from agentcore import errors

MODULES = sorted(
    {"agentcore"}
    | {
        found.name
        for found in walk_packages(agentcore.__path__, "agentcore.")
        if not found.name.endswith("__main__")
    }
)
VENDORS = {
    "ddgs",
    "duckdb",
    "faiss",
    "httpcore2",
    "httpx",
    "httpx2",
    "jinja2",
    "json_repair",
    "networkx",
    "numpy",
    "ollama",
    "openai",
    "tenacity",
    "trafilatura",
    "wordllama",
    "xllamacpp",
}


def order(name: str) -> tuple[int, str]:
    """Constants, classes, functions: the order of ruff's RUF022."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1, name) if name[0].isupper() else (2, name)


def syntax_of(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def defined_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def reexported_names(tree: ast.Module) -> Iterator[str]:
    """What a package's `__init__` imports from its own modules, under TYPE_CHECKING or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from (alias.asname or alias.name for alias in node.names)


@pytest.mark.parametrize("name", MODULES)
def test_all_lists_existing_names_in_order(name: str) -> None:
    module = importlib.import_module(name)
    listed: list[str] = module.__all__

    assert listed == sorted(set(listed), key=order)
    assert [item for item in listed if not hasattr(module, item)] == []


@pytest.mark.parametrize("name", MODULES)
def test_all_lists_every_public_name_that_a_module_defines(name: str) -> None:
    module = importlib.import_module(name)
    tree = syntax_of(module)
    public = set(defined_names(tree))
    if hasattr(module, "__path__"):
        public |= set(reexported_names(tree))

    missing = {item for item in public - set(module.__all__) if not item.startswith("_")}

    assert missing == set()


def test_the_package_exports_every_error() -> None:
    assert set(errors.__all__) <= set(agentcore.__all__)


def loaded_after(statement: str) -> set[str]:
    """Top-level names in `sys.modules` of a fresh interpreter after a statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_agentcore_loads_no_vendor_library() -> None:
    loaded = loaded_after("from agentcore import *")

    assert "pydantic" in loaded
    assert loaded & VENDORS == set()


def test_importing_every_module_loads_no_vendor_library() -> None:
    assert loaded_after(f"import {', '.join(MODULES)}") & VENDORS == set()
