"""A question becomes SQL through the model of the run, which is told what was wrong with it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    MemoryJournal,
    PlanningError,
    Run,
    StepLimitError,
    Task,
)
from agentcore.memory import SQLAnswer, SQLiteSource, SQLKnowledge
from agentcore.testing import ScriptedLLM

from .test_sql_source import sqlite_file

T = TypeVar("T")


class Doing:
    """A planner that does one thing with the run, and keeps what came of it."""

    def __init__(self, action: Callable[[Run], Awaitable[object]]) -> None:
        self.action = action
        self.result: object = None

    async def solve(self, task: Task, run: Run, /) -> Answer:
        self.result = await self.action(run)
        return await run.answer([*task.messages, AssistantMessage(content="done")])


def sql(text: str) -> str:
    return json.dumps({"sql": text})


def asking(folder: Path, *, max_rows: int = 100, max_attempts: int = 3) -> Doing:
    source = SQLiteSource(sqlite_file(folder))
    knowledge = SQLKnowledge(
        source, max_rows=max_rows, max_attempts=max_attempts, notes="Prices are in euros."
    )
    return Doing(lambda run: knowledge.ask("What does Dune cost?", run=run))


async def test_the_model_sees_the_tables_and_its_select_is_run(tmp_path: Path) -> None:
    llm, planner = ScriptedLLM(sql("SELECT price FROM book WHERE title = 'Dune'")), asking(tmp_path)

    await Agent(llm=llm, planner=planner).run("go")

    system, user = llm.requests[0].messages
    assert "the SQL of sqlite" in system.content
    assert "CREATE TABLE book (title TEXT, price REAL)" in system.content
    assert "Prices are in euros." in system.content
    assert user.content == "What does Dune cost?"
    assert planner.result == SQLAnswer(
        sql="SELECT price FROM book WHERE title = 'Dune'", columns=("price",), rows=((9.5,),)
    )


async def test_a_refused_statement_is_told_to_the_model_and_asked_again(tmp_path: Path) -> None:
    replies = [sql("DROP TABLE book"), sql("SELECT cost FROM book"), sql("SELECT title FROM book")]
    llm, planner = ScriptedLLM(*replies), asking(tmp_path)

    await Agent(llm=llm, planner=planner).run("go")

    assert "this is a DROP: write one SELECT" in llm.requests[1].messages[-1].content
    assert "no such column: cost" in llm.requests[2].messages[-1].content
    assert llm.requests[2].messages[-2] == AssistantMessage(content=replies[1])
    assert isinstance(planner.result, SQLAnswer)
    assert planner.result.rows == (("Dune",), ("Emma",))


async def test_the_attempts_are_bounded(tmp_path: Path) -> None:
    llm, planner = ScriptedLLM(*["PRAGMA x"] * 2), asking(tmp_path, max_attempts=2)

    with pytest.raises(PlanningError, match=r"in 2 attempts.*PRAGMA"):
        await Agent(llm=llm, planner=planner).run("go")

    assert len(llm.requests) == 2


async def test_the_attempts_are_charged_to_the_budget_of_the_run(tmp_path: Path) -> None:
    llm, planner = ScriptedLLM(*["PRAGMA x"] * 3), asking(tmp_path)

    with pytest.raises(StepLimitError):
        await Agent(llm=llm, planner=planner, budget=Budget(max_steps=1)).run("go")

    assert len(llm.requests) == 1


async def test_more_rows_than_asked_for_are_cut_and_said(tmp_path: Path) -> None:
    planner = asking(tmp_path, max_rows=1)

    await Agent(llm=ScriptedLLM(sql("SELECT title FROM book")), planner=planner).run("go")

    assert isinstance(planner.result, SQLAnswer)
    assert (len(planner.result.rows), planner.result.is_cut) == (1, True)


async def test_a_replay_asks_the_model_nothing(tmp_path: Path) -> None:
    journal, planner = MemoryJournal(), asking(tmp_path)
    llm = ScriptedLLM(sql("DROP TABLE book"), sql("SELECT title FROM book"))
    await Agent(llm=llm, planner=planner).run("go", journal=journal)
    first, planner.result = planner.result, None

    await Agent(llm=ScriptedLLM(), planner=planner).run("go", journal=journal)

    assert planner.result == first
