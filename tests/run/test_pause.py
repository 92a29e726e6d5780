"""Runs that wait for a person: approvals, questions, and writes whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    ConfigurationError,
    Decision,
    LLMRequest,
    MemoryJournal,
    Run,
    Task,
    ToolContext,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.events import Event, Intended
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call


class Bank(Agent):
    """You move money."""

    paid: list[str]

    @tool(effect="write", needs_approval=True)
    async def pay(self, to: str, context: ToolContext[None]) -> str:
        "Pay somebody."
        self.paid.append(f"{to} {context.idempotency_key.split(':')[1]}")
        return f"paid {to}"

    @tool
    async def look(self) -> str:
        "Look at the balance."
        return "plenty"


def bank() -> Bank:
    agent = Bank(llm=FunctionLLM(_pay_two))
    agent.paid = []
    return agent


def _pay_two(request: LLMRequest) -> Reply:
    results = [item for item in request.messages if isinstance(item, ToolMessage)]
    if not results:
        return call("pay", to="ann"), call("look"), call("pay", to="bob")
    return " / ".join(item.content for item in results)


APPROVE = Decision(kind="approve")


async def test_a_call_that_needs_approval_pauses_the_run_and_its_siblings_go_on() -> None:
    agent, journal = bank(), MemoryJournal()

    result = await agent.run("pay", journal=journal)

    assert result.finish == "paused"
    assert [(item.key, item.kind, item.text) for item in result.pending] == [
        ("calls-1/0", "approval", 'pay({"to": "ann"})'),
        ("calls-1/2", "approval", 'pay({"to": "bob"})'),
    ]
    assert [event.key for event in journal.events() if event.kind == "acted"] == ["calls-1/1"]
    assert agent.paid == []
    with pytest.raises(ConfigurationError, match=r"paused.*calls-1/0"):
        _ = result.output


async def test_a_decision_goes_on_where_the_run_paused() -> None:
    agent, journal = bank(), MemoryJournal()
    await agent.run("pay", journal=journal)

    half = await agent.run("pay", journal=journal, decisions={"calls-1/0": APPROVE})
    deny = Decision(kind="deny", text="not bob")
    result = await agent.run("pay", journal=journal, decisions={"calls-1/2": deny})

    assert [item.key for item in half.pending] == ["calls-1/2"]
    assert result.output == "paid ann / plenty / A person denied this call: not bob"
    assert agent.paid == ["ann calls-1/0"]


async def test_a_decision_on_something_that_does_not_wait_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"\['act-9'\].*\['calls-1/0', 'calls-1/2'\]"):
        await bank().run("pay", decisions={"act-9": APPROVE})


async def test_a_write_without_a_result_is_never_executed_again_by_itself() -> None:
    agent, journal = bank(), MemoryJournal()
    await agent.run("pay", journal=journal)
    both = {"calls-1/0": APPROVE, "calls-1/2": APPROVE}
    await agent.run("pay", journal=journal, decisions=both)
    cut = _cut_after_intent(journal, "calls-1/2")
    agent.paid.clear()

    result = await agent.run("pay", journal=cut)

    assert [(item.key, item.kind) for item in result.pending] == [("calls-1/2", "unknown_outcome")]
    told = Decision(kind="answer", text="it was paid")
    end = await agent.run("pay", journal=cut, decisions={"calls-1/2": told})
    assert end.output == "paid ann / plenty / it was paid"
    assert agent.paid == []


def _cut_after_intent(journal: MemoryJournal, key: str) -> MemoryJournal:
    kept: list[Event] = []
    for event in journal.events():
        if event.kind == "acted" and event.key == key:
            break
        kept.append(event)
    assert isinstance(kept[-1], Intended) or kept[-1].kind == "acted"
    return MemoryJournal(kept)


@pytest.mark.parametrize("idempotent", [True, False])
async def test_only_an_idempotent_write_is_executed_again(*, idempotent: bool) -> None:
    keys: list[str] = []

    @tool(effect="write", idempotent=idempotent)
    async def send(context: ToolContext[None]) -> str:
        "Send it."
        keys.append(context.idempotency_key)
        return "sent"

    journal = MemoryJournal()
    await Agent(llm=ScriptedLLM(call("send"), "ok"), tools=[send]).run("go", journal=journal)
    cut = _cut_after_intent(journal, "act-1")

    result = await Agent(llm=ScriptedLLM("ok"), tools=[send]).run("go", journal=cut)

    assert result.finish == ("answered" if idempotent else "paused")
    assert len(keys) == (2 if idempotent else 1)
    assert len(set(keys)) == 1


def planned(body: Callable[[Run], Awaitable[str]], llm: FunctionLLM) -> Agent:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            text = await body(run)
            return await run.answer([*task.messages, AssistantMessage(content=text)])

    return Agent(llm=llm, planner=Planned())


async def test_a_question_waits_for_its_answer_while_branches_go_on() -> None:
    async def think(run: Run) -> str:
        reply = await run.think([UserMessage(content="think")])
        return reply.text + (await run.think([UserMessage(content="more")])).text

    async def body(run: Run) -> str:
        return " ".join(await run.all(lambda run: run.ask("Who?"), think))

    llm, journal = FunctionLLM(lambda _: "hm"), MemoryJournal()
    paused = await planned(body, llm).run("go", journal=journal)
    assert [(item.key, item.kind, item.text) for item in paused.pending] == [
        ("all-1/0/ask-1", "question", "Who?")
    ]
    assert len(llm.requests) == 2

    answer = {"all-1/0/ask-1": Decision(kind="answer", text="Ann")}
    result = await planned(body, llm).run("go", journal=journal, decisions=answer)

    assert (result.output, len(llm.requests)) == ("Ann hmhm", 2)


async def test_a_race_that_is_won_does_not_wait_for_the_person() -> None:
    async def think(run: Run) -> str:
        return (await run.think([UserMessage(content="think")])).text

    async def body(run: Run) -> str:
        return await run.race(lambda run: run.ask("Who?"), think)

    result = await planned(body, FunctionLLM(lambda _: "hm")).run("go")

    assert (result.output, result.pending) == ("hm", ())


async def test_a_question_in_the_planner_itself_pauses() -> None:
    result = await planned(lambda run: run.ask("Who?"), FunctionLLM(lambda _: "")).run("go")

    assert (result.finish, result.pending[0].key) == ("paused", "ask-1")
