from __future__ import annotations

import json
from typing import Any

import httpx
import ollama
import pytest
import respx

from agentcore import Agent, tool
from agentcore.brain.ollama import OllamaLLM
from agentcore.completions import LLMRequest, Sampling, TokenLogprob
from agentcore.errors import ConfigurationError
from agentcore.messages import ImagePart, TextPart, ToolCall, UserMessage
from agentcore.usage import Usage

HELLO = LLMRequest((UserMessage(content="héllo"),))
REPLY = {
    "model": "qwen3:4b",
    "message": {"role": "assistant", "content": "4", "thinking": "2 + 2"},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 9,
    "eval_count": 1,
}


def answering(api: respx.MockRouter, reply: Any = REPLY) -> respx.Route:
    return api.post("/api/chat").respond(json=reply)


def shown(api: respx.MockRouter, **reply: Any) -> respx.Route:
    return api.post("/api/show").respond(json=reply)


def sent(route: respx.Route) -> Any:
    return json.loads(route.calls.last.request.content)


async def asked(llm: OllamaLLM, request: LLMRequest = HELLO) -> Any:
    try:
        return await llm.complete(request)
    finally:
        await llm.aclose()


async def test_the_answer_is_read(ollama_api: respx.MockRouter) -> None:
    route = answering(ollama_api)

    completion = await asked(OllamaLLM("qwen3:4b"))

    assert (completion.text, completion.message.thinking) == ("4", "2 + 2")
    assert completion.usage == Usage(steps=1, input_tokens=9, output_tokens=1)
    assert completion.model == "qwen3:4b"
    assert sent(route)["messages"] == [{"role": "user", "content": "héllo"}]


async def test_calls_are_read_and_get_ids(ollama_api: respx.MockRouter) -> None:
    call = {"function": {"name": "add", "arguments": {"a": "é"}}}
    answering(ollama_api, {"message": {"content": "", "tool_calls": [call, call]}, "done": True})

    completion = await asked(OllamaLLM("qwen3:4b"))

    assert completion.message.tool_calls == (
        ToolCall(id="call_1", name="add", arguments='{"a": "é"}'),
        ToolCall(id="call_2", name="add", arguments='{"a": "é"}'),
    )
    assert completion.finish_reason == "tool_calls"


async def test_log_probabilities_are_read(ollama_api: respx.MockRouter) -> None:
    token = {"token": "4", "logprob": -0.5, "top_logprobs": [{"token": "5", "logprob": -2}]}
    answering(ollama_api, {**REPLY, "logprobs": [token]})

    request = LLMRequest(HELLO.messages, sampling=Sampling(logprobs=1))
    completion = await asked(OllamaLLM("qwen3:4b"), request)

    assert completion.logprobs == (
        TokenLogprob(token="4", logprob=-0.5, alternatives=(("5", -2.0),)),
    )


async def test_a_server_too_old_for_log_probabilities_is_an_error(
    ollama_api: respx.MockRouter,
) -> None:
    answering(ollama_api)

    with pytest.raises(ConfigurationError, match="logprobs=1 and sent none"):
        await asked(
            OllamaLLM("qwen3:4b"), LLMRequest(HELLO.messages, sampling=Sampling(logprobs=1))
        )


async def test_the_model_is_looked_up_once(ollama_api: respx.MockRouter) -> None:
    answering(ollama_api)
    lookup = ollama_api.routes[0]
    llm = OllamaLLM("qwen3:4b")

    await llm.complete(HELLO)
    await asked(llm)

    assert lookup.call_count == 1
    assert sent(lookup) == {"model": "qwen3:4b"}


@pytest.mark.parametrize(
    ("trained", "given", "window"),
    [
        (40_960, None, 16_384),
        (40_960, 32_000, 32_000),
        (2_048, None, 2_048),
        (2_048, 32_000, 2_048),
        (None, None, None),
        (None, 32_000, 32_000),
    ],
)
async def test_the_window_is_the_models_own_within_a_bound(
    ollama_api: respx.MockRouter, trained: int | None, given: int | None, window: int | None
) -> None:
    route = answering(ollama_api)
    info = {"general.architecture": "a", "a.context_length": trained}
    shown(ollama_api, model_info=info)
    llm = OllamaLLM("qwen3:4b", context_tokens=given)

    await asked(llm)

    assert sent(route)["options"].get("num_ctx") == window
    assert llm.abilities.context_tokens == window


async def test_abilities_are_the_usual_until_the_model_was_asked(
    ollama_api: respx.MockRouter,
) -> None:
    answering(ollama_api)
    shown(ollama_api, capabilities=["completion", "vision"])
    llm = OllamaLLM("qwen3:4b")

    before = llm.abilities
    await asked(llm)

    assert (before.tools, before.images) == (True, False)
    assert (llm.abilities.tools, llm.abilities.images) == (False, True)


async def test_options_of_the_model_are_sent(ollama_api: respx.MockRouter) -> None:
    route = answering(ollama_api)

    await asked(OllamaLLM("qwen3:4b", keep_alive="10m", think=False))

    assert (sent(route)["keep_alive"], sent(route)["think"]) == ("10m", False)


@pytest.mark.parametrize(
    ("schema", "think", "sent_think"),
    [(None, None, True), ({"type": "object"}, None, False), ({"type": "object"}, "low", "low")],
)
async def test_a_model_that_can_think_does_so_unless_a_schema_bounds_it(
    ollama_api: respx.MockRouter, schema: Any, think: str | None, sent_think: object
) -> None:
    route = answering(ollama_api)

    await asked(
        OllamaLLM("qwen3:4b", think=think), LLMRequest(HELLO.messages, output_schema=schema)
    )

    assert sent(route)["think"] == sent_think


async def test_a_model_that_cannot_think_is_not_asked_to(ollama_api: respx.MockRouter) -> None:
    shown(ollama_api, capabilities=["completion"])

    with pytest.raises(ConfigurationError, match="cannot think, and think=True asks for it"):
        await asked(OllamaLLM("phi4", think=True))


@pytest.mark.parametrize(
    ("capabilities", "images"), [(None, ["cG5n"]), (["completion", "vision"], ["cG5n"])]
)
async def test_an_image_is_sent_unless_the_server_says_that_the_model_cannot_see(
    ollama_api: respx.MockRouter, capabilities: list[str] | None, images: list[str]
) -> None:
    route = answering(ollama_api)
    shown(ollama_api, capabilities=capabilities)
    message = UserMessage(content=(TextPart(text="Look:"), ImagePart(data=b"png")))

    await asked(OllamaLLM("m"), LLMRequest((message,)))

    assert sent(route)["messages"][0]["images"] == images


async def test_the_window_that_the_modelfile_sets_is_kept_to(
    ollama_api: respx.MockRouter,
) -> None:
    route = answering(ollama_api)
    info = {"general.architecture": "a", "a.context_length": 131_072}
    shown(ollama_api, model_info=info, parameters='stop   "<|end|>"\nnum_ctx                32768')

    await asked(OllamaLLM("m"))

    assert sent(route)["options"]["num_ctx"] == 32_768


async def test_unset_options_are_not_sent(ollama_api: respx.MockRouter) -> None:
    route = answering(ollama_api)

    shown(ollama_api)

    await asked(OllamaLLM("qwen3:4b"))

    assert not sent(route).keys() & {"keep_alive", "think", "tools", "format", "logprobs"}


async def test_the_host_is_the_one_that_was_given() -> None:
    with respx.mock(base_url="http://box:1234") as api:
        shown(api)
        answering(api)

        assert (await asked(OllamaLLM("m", host="box:1234"))).text == "4"


async def test_a_client_that_is_passed_in_is_used_and_stays_open() -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(200, json=REPLY)

    client = ollama.AsyncClient(transport=httpx.MockTransport(answer))
    llm = OllamaLLM("qwen3:4b", client=client)
    first = await asked(llm)
    second = await asked(llm)

    assert first == second
    assert paths == ["/api/show", "/api/chat", "/api/chat"]


@pytest.mark.parametrize(
    "options", [{"model": ""}, {"model": "m", "context_tokens": 0}], ids=["model", "context_tokens"]
)
def test_options_that_make_no_sense_are_refused(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        OllamaLLM(**options)


def test_the_repr_names_the_model() -> None:
    assert repr(OllamaLLM("qwen3:4b")) == "OllamaLLM('qwen3:4b')"


def test_a_client_and_a_host_contradict_each_other() -> None:
    with pytest.raises(ConfigurationError, match="either client or host"):
        OllamaLLM("m", client=ollama.AsyncClient(), host="box")


async def test_the_server_is_asked_what_the_model_can_do_before_a_planner_is_chosen(
    ollama_api: respx.MockRouter,
) -> None:
    shown(ollama_api, capabilities=["completion"])
    answer = {"action": "final_answer", "answer": "5", "thought": ""}
    reply = {"message": {"role": "assistant", "content": json.dumps(answer)}, "done": True}
    chat = answering(ollama_api, reply)

    @tool
    def add(a: int, b: int) -> int:
        "Add."
        return a + b

    result = await Agent(llm=OllamaLLM("tiny"), tools=[add]).run("2 + 3?")

    assert result.output == "5"
    assert "tools" not in sent(chat)
    assert "anyOf" in sent(chat)["format"]
