from __future__ import annotations

from pathlib import Path

from agentcore import Agent, Decision, MemoryJournal, tool
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import EditableFiles, with_approval


def test_only_what_writes_waits_for_a_person(tmp_path: Path) -> None:
    waits = {made.spec.name: made.needs_approval for made in with_approval(EditableFiles(tmp_path))}

    assert waits == {
        "read_file": False,
        "list_files": False,
        "search_files": False,
        "write_file": True,
        "append_file": True,
        "replace_in_file": True,
    }


def test_an_approved_tool_is_in_everything_else_what_it_was() -> None:
    @tool(effect="write", idempotent=True, timeout_s=3)
    def send(text: str) -> str:
        """Send a text."""
        return text

    (made,) = with_approval(send)

    assert (made.spec.name, made.effect, made.idempotent, made.timeout_s) == (
        "send",
        "write",
        True,
        3,
    )


async def test_a_change_of_a_file_is_made_only_when_it_is_approved(tmp_path: Path) -> None:
    llm = ScriptedLLM(call("write_file", path="a.txt", text="A"), "done")
    agent = Agent(llm=llm, tools=with_approval(EditableFiles(tmp_path)))
    journal = MemoryJournal()

    paused = await agent.run("Write A.", journal=journal)

    assert paused.finish == "paused"
    assert not (tmp_path / "a.txt").exists()

    key = paused.pending[0].key
    await agent.run("Write A.", journal=journal, decisions={key: Decision(kind="approve")})

    assert (tmp_path / "a.txt").read_text() == "A"
