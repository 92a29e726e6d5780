"""No path leaves the folder: links, `..`, odd characters, and links that come and go meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import ToolError
from agentcore.tools import EditableFiles

SECRET = "the secret of outside"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `root` with ways out of it, and `outside` beside it."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "outside" / "sub").mkdir(parents=True)
    (tree / "outside" / "secret").write_text(SECRET)
    (tree / "root" / "sub").mkdir(parents=True)
    (tree / "root" / "sub" / "inside").write_text("inside")
    (tree / "root" / "file_out").symlink_to("../outside/secret")
    (tree / "root" / "folder_out").symlink_to("../outside")
    (tree / "root" / "sub" / "up").symlink_to("..")
    (tree / "root" / "sub" / "all").symlink_to("/")
    (tree / "root" / "dangling").symlink_to("../outside/made")
    (tree / "root" / "loop").symlink_to("loop")
    return tree


def outside(tree: Path) -> dict[str, str]:
    """What is beside the folder, and below that."""
    files = [*tree.iterdir(), *(tree / "outside").rglob("*")]
    return {str(path): path.read_text() if path.is_file() else "" for path in files}


PARTS = st.one_of(
    st.sampled_from(
        [
            *("..", ".", "", "sub", "inside", "secret", "outside", "file_out", "folder_out", "up"),
            *("all", "dangling", "loop", "~", "root", "proc/self/root", "\0", "..\\", "..;", "C:"),
            *("\uff0e\uff0e", "%2e%2e", "made", " ..", ".. ", "x" * 300, "\ud800", "//"),
        ]
    ),
    st.text(max_size=5),
)
STARTS = st.sampled_from(["", "/", "./", "//", "../"])
PATHS = st.tuples(STARTS, st.lists(PARTS, max_size=7)).map(
    lambda drawn: drawn[0] + "/".join(drawn[1])
)
ACTIONS: list[Callable[[EditableFiles, str], str]] = [
    lambda files, path: files.read_file(path),
    lambda files, path: files.list_files(path),
    lambda files, path: files.search_files("secret", folder=path),
    lambda files, path: files.write_file(path, "x"),
    lambda files, path: files.append_file(path, "x"),
    lambda files, path: files.replace_in_file(path, "e", "x"),
]


@given(path=PATHS, action=st.sampled_from(ACTIONS))
def test_no_path_reads_or_changes_what_is_outside(
    tree: Path, path: str, action: Callable[[EditableFiles, str], str]
) -> None:
    before = outside(tree)

    with suppress(ToolError):  # any other error is a bug
        said = action(EditableFiles(tree / "root"), path)
        assert SECRET not in said
        assert "secret (" not in said

    assert outside(tree) == before


@pytest.mark.parametrize(
    "path",
    [
        *("file_out", "folder_out/secret", "sub/up/sub/inside", "sub/all/etc/passwd", "dangling"),
        *("loop", "../outside/secret", "/etc/passwd", "sub/../../outside/secret", "a\0b", "\ud800"),
    ],
)
def test_a_way_out_is_refused_for_reading_and_writing(tree: Path, path: str) -> None:
    files = EditableFiles(tree / "root")

    for action in (ACTIONS[0], *ACTIONS[3:]):
        with pytest.raises(ToolError) as caught:
            action(files, path)
        assert str(tree) not in str(caught.value)


def test_a_search_does_not_follow_links(tree: Path) -> None:
    assert (
        EditableFiles(tree / "root").search_files("secret").startswith("'secret' is in none of the")
    )


@contextmanager
def swapping(
    name: Path, one: Callable[[Path], None], other: Callable[[Path], None]
) -> Generator[None]:
    """Let a name be now this, now that, as fast as it goes."""
    is_over = threading.Event()

    def swap() -> None:
        beside = name.with_name("beside")
        kinds = [one, other]
        while not is_over.is_set():
            kinds.reverse()
            with suppress(OSError):  # a tool may be at work in there: once more
                clear(beside)
                kinds[0](beside)
                with suppress(FileNotFoundError):
                    name.rename(name.with_name("gone"))
                beside.rename(name)
            clear(name.with_name("gone"))

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def test_a_folder_that_becomes_a_link_meanwhile_is_no_way_out(tmp_path: Path) -> None:
    target, root = tmp_path / "outside", tmp_path / "root"
    target.mkdir()
    root.mkdir()
    (target / "secret").write_text(SECRET)
    files = EditableFiles(root)

    def folder(path: Path) -> None:
        path.mkdir()
        (path / "secret").write_text("harmless")

    with swapping(root / "a", folder, lambda path: path.symlink_to(target)):
        for number in range(150):
            for action in ACTIONS:
                with suppress(ToolError):
                    assert SECRET not in action(files, "a/secret" if number % 2 else "a")

    assert [path.name for path in target.iterdir()] == ["secret"]
    assert (target / "secret").read_text() == SECRET


def test_a_file_that_becomes_a_link_meanwhile_is_no_way_out(tmp_path: Path) -> None:
    secret, root = tmp_path / "secret", tmp_path / "root"
    root.mkdir()
    secret.write_text(SECRET)
    files = EditableFiles(root)

    with swapping(root / "a", lambda path: path.touch(), lambda path: path.symlink_to(secret)):
        for _ in range(150):
            for action in ACTIONS[3:] + ACTIONS[:1]:
                with suppress(ToolError):
                    assert SECRET not in action(files, "a")

    assert secret.read_text() == SECRET
