from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import MemoryJournal
from agentcore.completions import Completion, TokenLogprob
from agentcore.errors import CorruptStoreError, MemoryStoreError
from agentcore.events import Event, Failed, MemoryHit, Offered, Recalled, Settled, Thought, Timed
from agentcore.messages import AssistantMessage, ToolCall
from agentcore.values import JsonValue

texts = st.text(max_size=20)
floats = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
details = st.dictionaries(texts, json_values, max_size=3)
hits = st.builds(MemoryHit, text=texts, score=floats, metadata=details)
completions = st.builds(
    Completion,
    message=st.builds(
        AssistantMessage,
        content=texts,
        tool_calls=st.lists(st.builds(ToolCall, id=texts, name=texts, arguments=texts)).map(tuple),
    ),
    logprobs=st.none()
    | st.lists(st.builds(TokenLogprob, token=texts, logprob=floats), max_size=2).map(tuple),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Offered, key=texts, seq=st.integers(), at_s=finite, text=texts, score=floats),
    st.builds(Settled, key=texts, discarded=st.lists(texts, max_size=3).map(tuple), failed=texts),
    st.builds(Failed, key=texts, error=texts, message=texts, details=details),
    st.builds(Recalled, key=texts, query=texts, hits=st.lists(hits, max_size=2).map(tuple)),
    st.builds(Thought, key=texts, completion=completions),
    st.builds(Timed, key=texts, epoch_s=floats),
)

FIRST = Offered(key="offer-1", seq=1, text="one", score=1.0)
SECOND = Offered(key="offer-2", seq=2, text="two", score=2.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@given(st.lists(events, max_size=6))
def test_a_journal_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[Event]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "run.jsonl"

    for seq, event in enumerate(written, start=1):
        vars(event).update(seq=seq)
    MemoryJournal(written).save(path)

    assert MemoryJournal.load(path).events() == tuple(written)


def test_a_journal_is_saved_to_a_path_given_as_text(path: Path) -> None:
    MemoryJournal([FIRST]).save(str(path))

    assert MemoryJournal.load(str(path)).events() == (FIRST,)


def test_each_event_is_one_line(path: Path) -> None:
    MemoryJournal([FIRST, SECOND]).save(path)

    assert path.read_bytes().splitlines() == [FIRST.encoded, SECOND.encoded]


def test_saving_again_replaces_the_older_file_and_leaves_no_other(path: Path) -> None:
    MemoryJournal([FIRST, SECOND]).save(path)
    MemoryJournal([FIRST]).save(path)

    assert MemoryJournal.load(path).events() == (FIRST,)
    assert list(path.parent.glob("run*")) == [path]


def test_a_last_line_that_was_cut_off_is_left_out(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    MemoryJournal([FIRST, SECOND]).save(path)
    path.write_bytes(path.read_bytes()[:-2])

    assert MemoryJournal.load(path).events() == (FIRST,)
    assert "cut off" in caplog.text


@given(st.integers(min_value=0))
def test_wherever_a_file_was_cut_off_the_whole_lines_before_are_read(
    tmp_path_factory: pytest.TempPathFactory, size: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "run.jsonl"
    data = FIRST.encoded + b"\n" + SECOND.encoded + b"\n"
    size %= len(data) + 1
    path.write_bytes(data[:size])

    whole_lines = data[:size].count(b"\n")

    assert MemoryJournal.load(path).events() == (FIRST, SECOND)[:whole_lines]


@pytest.mark.parametrize("line", [b"", b"{", b"{}", b'{"kind": "dreamt", "key": "a"}', b"\xff"])
def test_a_corrupt_line_is_named_with_its_number_and_file(path: Path, line: bytes) -> None:
    path.write_bytes(FIRST.encoded + b"\n" + line + b"\n" + SECOND.encoded + b"\n")

    with pytest.raises(CorruptStoreError, match="line 2 of") as caught:
        MemoryJournal.load(path)

    assert caught.value.path == str(path)


def test_a_file_that_is_not_there_cannot_be_read(path: Path) -> None:
    with pytest.raises(MemoryStoreError, match=r"run\.jsonl.* cannot be read"):
        MemoryJournal.load(path)


@pytest.mark.parametrize("name", ["", "no/such/folder/run.jsonl", "run\0.jsonl"])
def test_a_path_that_cannot_be_written_to_is_named(path: Path, name: str) -> None:
    with pytest.raises(MemoryStoreError, match="cannot be written"):
        MemoryJournal([FIRST]).save(path.parent / name if name else "")


def test_what_cannot_replace_its_target_leaves_the_target_as_it_is(path: Path) -> None:
    path.mkdir()

    with pytest.raises(MemoryStoreError):
        MemoryJournal([FIRST]).save(path)

    assert path.is_dir()


def test_a_journal_does_not_share_the_list_that_it_was_made_of() -> None:
    given_events: list[Event] = [FIRST]
    journal = MemoryJournal(given_events)

    journal.append(SECOND, durable=True)

    assert given_events == [FIRST]
    assert journal.events() == (FIRST, SECOND)
    assert repr(journal) == "MemoryJournal(2 events)"
