from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentcore import Agent, ConfigurationError, ToolError
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import EditableFiles, Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "plan.md").write_text("Buy bread.\nBake a cake.\nEat.\n")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "raw.bin").write_bytes(b"\x00\x01cake")
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    return tmp_path


async def test_what_is_read_reaches_the_model(folder: Path) -> None:
    llm = ScriptedLLM(call("read_file", path="notes/plan.md", first_line=2, last_line=2), "cake")

    await Agent(llm=llm, tools=[Files(folder)]).run("What is baked?")

    assert llm.requests[1].messages[-1].content == "Bake a cake.\n"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((1, None), "Buy bread.\nBake a cake.\nEat.\n"),
        ((3, None), "Eat.\n"),
        ((2, 99), "Bake a cake.\nEat.\n"),
    ],
)
def test_a_range_of_lines_is_read(folder: Path, lines: tuple[int, int | None], text: str) -> None:
    assert Files(folder).read_file("./notes//plan.md", *lines) == text


@pytest.mark.parametrize("lines", [(0, None), (4, None), (3, 2), (-1, 2)])
def test_lines_that_are_not_there_are_said_to_be_missing(
    folder: Path, lines: tuple[int, int | None]
) -> None:
    with pytest.raises(ToolError, match="has 3 lines"):
        Files(folder).read_file("notes/plan.md", *lines)


def test_a_long_file_is_read_piece_by_piece(folder: Path) -> None:
    files = Files(folder, max_chars=25)

    first = files.read_file("notes/plan.md")
    rest = files.read_file("notes/plan.md", first_line=3)

    assert first == "Buy bread.\nBake a cake.\n(that is to line 2 of 3; read on at 3)"
    assert rest == "Eat.\n"


def test_a_line_that_is_too_long_is_cut(folder: Path) -> None:
    assert Files(folder, max_chars=3).read_file("notes/plan.md").startswith("Buy\n(the rest")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("raw.bin", "binary"),
        ("latin.txt", "no text in UTF-8"),
        ("notes", "is a folder"),
        ("missing.txt", "there is no 'missing.txt'"),
        ("notes/plan.md/x", "cannot be opened"),
        ("", "names no file"),
        ("empty.txt/", "names no file"),
    ],
)
def test_what_cannot_be_read_is_told_to_the_model(folder: Path, path: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        Files(folder).read_file(path)


def test_a_huge_file_is_refused_without_reading_it(folder: Path) -> None:
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(10**12)  # sparse: it takes no room

    with pytest.raises(ToolError, match="more than 10000000 bytes"):
        Files(folder).read_file("huge.txt")
    assert "huge.txt (1000000000000 bytes)" in Files(folder).list_files()
    assert Files(folder).search_files("cake") == "notes/plan.md:2: Bake a cake."


def test_a_pipe_is_refused_instead_of_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    with pytest.raises(ToolError, match="a link or a device"):
        Files(folder).read_file("pipe")
    with pytest.raises(ToolError, match="a link or a device"):
        EditableFiles(folder).write_file("pipe", "x")


def test_a_folder_is_listed(folder: Path) -> None:
    (folder / "link").symlink_to("empty.txt")

    assert Files(folder).list_files().splitlines() == [
        "empty.txt (0 bytes)",
        "latin.txt (4 bytes)",
        "link (a link or a device, not opened)",
        "notes/",
        "raw.bin (6 bytes)",
    ]
    assert Files(folder).read_file("empty.txt") == "(the file is empty)"


def test_a_long_listing_is_cut(folder: Path) -> None:
    for number in range(600):
        (folder / "notes" / f"{number:03}").touch()

    lines = Files(folder).list_files("notes").splitlines()

    assert (len(lines), lines[-1]) == (501, "... and 101 more")


def test_text_is_found_in_text_files_below_a_folder(folder: Path) -> None:
    files = Files(folder)

    assert files.search_files("CAKE") == "notes/plan.md:2: Bake a cake."
    assert files.search_files("cake", folder="notes", pattern="*.md").startswith("notes/plan.md:2")
    assert files.search_files("cake", pattern="*.txt") == "'cake' is in none of the files"


def test_many_hits_are_cut(folder: Path) -> None:
    (folder / "many.txt").write_text("cake\n" * 1000)

    hits = Files(folder).search_files("cake").splitlines()

    assert (len(hits), hits[-1][:12]) == (101, "... and more")


def test_searching_for_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(ToolError, match="is empty"):
        Files(folder).search_files("  ")


def test_files_are_written_appended_and_replaced(folder: Path) -> None:
    files = EditableFiles(folder)

    files.write_file("new/deep/a.txt", "one\n")
    files.append_file("new/deep/a.txt", "two\n")
    files.append_file("new/b.txt", "three")
    files.replace_in_file("new/deep/a.txt", "one", "1")

    assert (folder / "new" / "deep" / "a.txt").read_text() == "1\ntwo\n"
    assert (folder / "new" / "b.txt").read_text() == "three"
    assert sorted(path.name for path in (folder / "new").rglob("*")) == ["a.txt", "b.txt", "deep"]


@pytest.mark.parametrize("old", ["", "e", "nowhere"])
def test_a_piece_that_is_not_there_once_is_not_replaced(folder: Path, old: str) -> None:
    with pytest.raises(ToolError, match="must be there once"):
        EditableFiles(folder).replace_in_file("notes/plan.md", old, "x")
    assert (folder / "notes" / "plan.md").read_text() == "Buy bread.\nBake a cake.\nEat.\n"


def test_a_change_keeps_the_mode_of_a_file(folder: Path) -> None:
    (folder / "empty.txt").chmod(0o600)

    EditableFiles(folder).write_file("empty.txt", "x")

    assert (folder / "empty.txt").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_leaves_what_was_there(folder: Path) -> None:
    files = EditableFiles(folder, max_file_bytes=30)

    with pytest.raises(ToolError, match="36 bytes, and 30 are the most"):
        files.append_file("notes/plan.md", "no more")
    with pytest.raises(ToolError, match="half a character"):
        files.write_file("notes/plan.md", "\ud800")
    with pytest.raises(ToolError, match="binary"):
        files.append_file("raw.bin", "x")

    assert (folder / "notes" / "plan.md").read_text() == "Buy bread.\nBake a cake.\nEat.\n"
    assert (folder / "raw.bin").read_bytes() == b"\x00\x01cake"
    assert not list(folder.rglob("*.part"))


def test_concurrent_changes_of_one_file_are_all_kept(folder: Path) -> None:
    files = EditableFiles(folder)

    def append(number: int) -> str:
        return files.append_file("log", f"{number}\n")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(40)))

    assert sorted(map(int, (folder / "log").read_text().split())) == list(range(40))


def test_reading_is_all_that_files_can_do(folder: Path) -> None:
    llm = ScriptedLLM("Hello.")

    agent = Agent(llm=llm, tools=[Files(folder)])
    agent.run_sync("Hello")

    assert [spec.name for spec in llm.requests[0].tools] == [
        "read_file",
        "list_files",
        "search_files",
    ]


def test_a_folder_that_is_none_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no folder"):
        Files(folder / "empty.txt")
    with pytest.raises(ConfigurationError, match="must be over 0"):
        Files(folder, max_chars=0)
