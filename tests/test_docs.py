"""Every Python block of README.md and docs/ runs, and so does every example of a docstring.

The blocks of one page run in order and share their names; `await` works at the top level. What a
block prints is compared with its `#>` comments, and with a `text` block that follows it. A block
marked `python slow` needs the embedded model: the whole page then runs a second time, as a slow
test. A block inside an HTML comment runs, and is not shown.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import io
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import pytest

import agentcore

ROOT = Path(__file__).parent.parent
PAGES = [path for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))) if path.exists()]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
PYTHON_INFOS = {"python", "python slow"}


@dataclass(frozen=True)
class Block:
    """A fenced block of Python."""

    code: str
    line: int
    """Of the file, on which the code begins, from 1."""
    is_slow: bool
    expected: str | None
    """What it must print; None: not said."""


def blocks_of(page: str) -> Iterator[Block]:
    fences = list(FENCE.finditer(page))
    for fence, following in zip_longest(fences, fences[1:]):
        info = fence["info"].strip()
        if not info.startswith(("py", "Py")):
            continue
        assert info in PYTHON_INFOS, f"write ```python or ```python slow, not ```{info}"
        comments = re.findall(r"^ *#> ?(.*)$", fence["body"], re.MULTILINE)
        expected = "\n".join(comments) if comments else None
        if following and following["info"].strip() == "text":
            is_next = not page[fence.end() : following.start()].strip()
            expected = following["body"] if is_next else expected
        line = page.count("\n", 0, fence.start("body")) + 1
        yield Block(fence["body"], line, info == "python slow", expected)


def run_block(block: Block, *, path: Path, module: ModuleType, runner: asyncio.Runner) -> None:
    padding = "\n" * (block.line - 1)  # so that a traceback names the line of the page
    code = compile(padding + block.code, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with redirect_stdout(io.StringIO()) as printed:
        if code.co_flags & inspect.CO_COROUTINE:
            runner.run(eval(code, module.__dict__))  # noqa: S307 - our own documentation
        else:
            exec(code, module.__dict__)  # noqa: S102 - our own documentation
    if block.expected is not None:
        want, got = block.expected.strip() + "\n", printed.getvalue().strip() + "\n"
        where = f"{path.name}:{block.line} prints\n{got}and not\n{want}"
        assert doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS), where


def run_page(path: Path, *, with_slow: bool) -> None:
    """Run the blocks as one module, which is registered so that annotations are found in it."""
    module = ModuleType(f"page_{path.stem}")
    sys.modules[module.__name__] = module
    try:
        with asyncio.Runner() as runner:
            for block in blocks_of(path.read_text(encoding="utf-8")):
                if with_slow or not block.is_slow:
                    run_block(block, path=path, module=module, runner=runner)
    finally:
        del sys.modules[module.__name__]


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_the_blocks_of_a_page_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run_page(path, with_slow=False)


@pytest.mark.slow
def test_the_blocks_that_need_the_embedded_model_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = [
        path
        for path in PAGES
        if any(block.is_slow for block in blocks_of(path.read_text(encoding="utf-8")))
    ]
    for path in slow:
        run_page(path, with_slow=True)

    assert slow, "no page shows the embedded model at work"


@pytest.mark.parametrize(
    "name",
    sorted(
        found.name
        for found in walk_packages(agentcore.__path__, "agentcore.")
        if not found.name.endswith("__main__")
    ),
)
def test_the_examples_of_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)

    results = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert results.failed == 0


@pytest.mark.parametrize(
    "page",
    [
        "```python\nprint(1)\n#> 2\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nawait missing()\n```\n",
        "```py\n1\n```\n",
    ],
)
def test_a_page_that_is_wrong_fails(page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")

    with pytest.raises((AssertionError, NameError)):
        run_page(path, with_slow=False)


def test_blocks_share_names_and_what_they_print_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "```python\nimport asyncio\n\nx = await asyncio.sleep(0, 41)\n```\n"
        "```python\nprint(x + 1, 'and more')\n#> 42 ...\n```\n\n```sh\nnothing\n```\n"
        "```python\nprint(x)\n```\n\n```text\n41\n```\n",
        encoding="utf-8",
    )

    run_page(path, with_slow=False)


def test_slow_blocks_are_left_out_of_the_fast_run(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```python slow\nraise EOFError\n```\n", encoding="utf-8")

    run_page(path, with_slow=False)
    with pytest.raises(EOFError):
        run_page(path, with_slow=True)
