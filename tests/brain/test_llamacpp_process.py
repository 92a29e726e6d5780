"""What a model inside the process does to the process: its port, its output, and its end."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import cast

import pytest

import agentcore
from agentcore.brain.gguf import find_model
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.brain.llamacpp_engine import load_server
from agentcore.brain.llamacpp_wire import to_native_body
from agentcore.completions import LLMRequest, Sampling
from agentcore.messages import UserMessage
from agentcore.values import JsonObject

pytestmark = pytest.mark.slow

PATIENCE_S = 20.0


def ask(text: str, schema: JsonObject | None = None) -> LLMRequest:
    sampling = Sampling(temperature=0, max_tokens=10)
    return LLMRequest((UserMessage(content=text),), output_schema=schema, sampling=sampling)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as response:  # noqa: S310 - a loopback address
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_port_refuses_who_has_no_key_and_closes_with_the_model() -> None:
    server = load_server(find_model("smollm2"), window=512, threads=1)
    address = server.listening_address

    assert address.startswith("http://127.0.0.1:")
    assert {status_of(f"{address}/{path}") for path in ("v1/models", "props", "slots")} == {401}
    del server
    with pytest.raises(urllib.error.URLError, match="refused"):
        status_of(address)


def test_a_long_prompt_can_be_stopped_before_it_is_read() -> None:
    server = load_server(find_model("smollm2"), window=1024, threads=1)
    progress: list[JsonObject] = []

    def stop_at_second(chunk: JsonObject) -> bool:
        progress.append(cast("JsonObject", chunk["prompt_progress"]))
        return len(progress) == 2

    body = to_native_body(ask("word banana " * 250), model="local:m")
    server.handle_chat_completions(body, stop_at_second)

    assert [step["processed"] for step in progress] == [0, 128]


PROGRAM = """
import asyncio, threading
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.completions import LLMRequest, Sampling
from agentcore.messages import UserMessage

llm = LlamaCppLLM("smollm2")
llm.itself = llm  # nothing but the end of the program frees it
schema = {"type": "array", "items": {"type": "integer"}, "minItems": 1500}
request = LLMRequest((UserMessage(content="hi"),), sampling=Sampling(max_tokens=3))
endless = LLMRequest(request.messages, output_schema=schema)
begun = threading.Event()


async def watch(delta):
    begun.set()


async def begin():
    task = asyncio.create_task(llm.complete(endless, on_delta=watch))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    return task


def start_daemon():
    call = llm.complete(endless, on_delta=watch)
    threading.Thread(target=asyncio.run, args=(call,), daemon=True).start()


"""


@pytest.mark.parametrize(
    ("end", "complaint"),
    [
        ("asyncio.run(llm.complete(request))", ""),
        ("asyncio.run(begin())", ""),
        # Python itself complains of what was left over.
        ("loop = asyncio.new_event_loop(); task = loop.run_until_complete(begin())", "Task was"),
        ("start_daemon(); begun.wait()", "Exception in thread"),
        ("start_daemon()", "Exception in thread"),
    ],
    ids=["when idle", "while it writes", "without its loop", "in a daemon thread", "while loading"],
)
def test_a_program_that_closes_nothing_ends_at_once(end: str, complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM + end],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=Path(agentcore.__file__).parents[1],
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert not done.stderr or (complaint and done.stderr.startswith(complaint))


async def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    llm = LlamaCppLLM("smollm2", context_tokens=512)
    schema: JsonObject = {"type": "string", "pattern": "\\d", "maxLength": 5}

    await llm.complete(ask("How many?"))
    await llm.complete(ask("How many?", schema))
    await llm.aclose()

    assert capfd.readouterr() == ("", "")
