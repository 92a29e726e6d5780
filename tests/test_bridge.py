from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentcore import Agent, ConfigurationError, LLMRequest, LLMUnavailableError, tool
from agentcore.bridge import run_in_bridge
from agentcore.testing import FunctionLLM, ScriptedLLM, call


def echo(request: LLMRequest) -> str:
    return str(request.messages[-1].content).upper()


async def this_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_an_agent_runs_twice_in_a_row() -> None:
    agent = Agent(llm=ScriptedLLM("one", "two"))

    assert [agent.run_sync("1").output, agent.run_sync("2").output] == ["one", "two"]


def test_all_synchronous_calls_share_one_loop_also_from_several_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(lambda: run_in_bridge(this_loop())) for _ in range(20)]
        loops = {future.result() for future in futures}

    assert loops == {run_in_bridge(this_loop())}


def test_one_agent_serves_several_threads_at_once() -> None:
    together = threading.Barrier(4)
    agent = Agent(llm=FunctionLLM(echo))

    def ask(number: int) -> str:
        together.wait(timeout=5)
        return agent.run_sync(f"task {number}").output

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [f"TASK {number}" for number in range(4)]


async def test_it_works_beside_a_running_loop() -> None:
    assert Agent(llm=ScriptedLLM("hello")).run_sync("hi").output == "hello"
    assert run_in_bridge(this_loop()) is not asyncio.get_running_loop()


def test_a_sync_tool_may_run_another_agent() -> None:
    inner = Agent(llm=ScriptedLLM("42"))

    @tool
    def ask_colleague(question: str) -> str:
        """Ask a colleague."""
        return inner.run_sync(question).output

    llm = ScriptedLLM(call("ask_colleague", question="?"), "It is 42.")

    assert Agent(llm=llm, tools=[ask_colleague]).run_sync("What is it?").output == "It is 42."
    assert llm.requests[1].messages[-1].content == "42"


async def test_inside_the_loop_of_the_bridge_it_says_what_to_do_instead() -> None:
    async def nested() -> None:
        Agent(llm=ScriptedLLM("never")).run_sync("hi")

    with pytest.raises(ConfigurationError, match=r"await agent\.run"):
        run_in_bridge(nested())


def test_an_error_comes_back_to_the_caller_and_the_next_call_works() -> None:
    agent = Agent(llm=ScriptedLLM(LLMUnavailableError("gone"), "back"))

    with pytest.raises(LLMUnavailableError, match="gone"):
        agent.run_sync("hi")

    assert agent.run_sync("hi").output == "back"


@pytest.mark.slow
def test_a_program_that_used_the_bridge_ends_without_a_warning() -> None:
    program = (
        "from agentcore import Agent; from agentcore.testing import ScriptedLLM; "
        "print(Agent(llm=ScriptedLLM('hello')).run_sync('hi').output)"
    )

    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("hello\n", "", 0)
