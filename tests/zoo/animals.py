"""The endpoints: each does one thing wrong that real servers and models do."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from .endpoint import Call, Endpoint, Reply, Turn, View, Wire
from .mind import SORRY, as_action, decide, honest, results_of
from .strangers import Eager, Stickler

__all__ = ["ANIMALS"]

_WINDOW = 1500


class Deaf:
    name, habit = "deaf", "takes tools and ignores them"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        return honest(replace(view, tools=()))


class Fencer:
    name, habit = "fencer", "writes calls as text, in ```json fences"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        calls, text = decide(view)
        if not calls:
            return Reply(content=text)
        step = {"name": calls[0].name, "arguments": json.loads(calls[0].arguments)}
        return Reply(content=f"Let me see.\n```json\n{json.dumps(step, indent=2)}\n```\n")


class Tagger:
    name, habit = "tagger", "writes calls as text, in <tool_call> tags"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        calls, text = decide(view)
        if not calls:
            return Reply(content=text)
        step = {"name": calls[0].name, "arguments": json.loads(calls[0].arguments)}
        return Reply(content=f"<tool_call>\n{json.dumps(step)}\n</tool_call>")


class Inventor:
    name, habit = "inventor", "first calls a tool that there is not"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        calls, text = decide(view)
        if calls and "no tool" not in view.text and not results_of(view):
            calls = (Call("look_up_everything", '{"query": "lamps"}'),)
        if calls and view.tools:
            return Reply(content=None, calls=calls)
        return Reply(content=as_action(calls, text) if '"action"' in view.text else text)


class Comma:
    name, habit = "comma", "writes JSON with commas too many"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        reply = honest(replace(view, schema=None))
        calls = tuple(replace(call, arguments=_loose(call.arguments)) for call in reply.calls)
        return replace(reply, calls=calls, content=_loose(reply.content or ""))


def _loose(text: str) -> str:
    return re.sub(r"}", ",}", text)


class Freehand:
    name, habit = "freehand", "takes a schema and ignores it; has no tools"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        reply = honest(replace(view, tools=(), schema=None))
        is_json = (reply.content or "").startswith("{")
        return (
            replace(reply, content=f"Of course! {reply.content} Anything else?")
            if is_json
            else reply
        )


class Thinker:
    name, habit = "thinker", "answers in the field for thoughts; content is null"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        reply = honest(replace(view, tools=(), schema=None))
        return Reply(content=None, thinking=reply.content or "")


class Mute:
    name, habit = "mute", "answers a tool's result with nothing"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        if view.turns[-1].role == "tool":
            return Reply(content="")
        return honest(view)


class Cutter:
    name, habit = "cutter", "cuts the beginning of a long prompt, in silence"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        text, room = view.text, 4 * _WINDOW
        if view.tokens <= _WINDOW:
            return honest(view)
        seen = replace(view, turns=(Turn("user", text[-room:]),))
        return replace(honest(seen), prompt_tokens=_WINDOW)


class Twins:
    name, habit = "twins", "gives all its calls one id"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        reply = honest(view, is_parallel=True)
        return replace(reply, calls=tuple(replace(call, id="call_0") for call in reply.calls))


class Busy:
    name, habit = "busy", "429 at first, and says when to come back"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        if view.attempt == 0:
            return Reply(content="slow down", status=429, headers={"retry-after-ms": "1"})
        return honest(view)


class Rude:
    name, habit = "rude", "429 once in a conversation, and does not say for how long"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        if view.attempt == 0 and len(results_of(view)) == 1:
            return Reply(content="slow down", status=429)
        return honest(view)


class Dropper:
    name, habit = "dropper", "disconnects in the middle of a stream"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        return replace(honest(view), breaks_off=view.is_streamed)


class Halver:
    name, habit = "halver", "sends half a character in each piece"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        return replace(honest(view), halves_characters=True)


class Smasher:
    name, habit = "smasher", "decodes each half of a character by itself when streaming"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        reply = honest(view)
        if not view.is_streamed:
            return reply
        return replace(reply, content=re.sub(r"[^\x00-\x7f]", "\ufffd\ufffd", reply.content or ""))


class Muser:
    name, habit = "muser", "writes thoughts, with a draft of a call, into the answer"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        reply = honest(replace(view, tools=(), schema=None))
        draft = '{"action": "final_answer", "answer": "about 7"}'
        return replace(reply, content=f"<think>\nPerhaps {draft}?\n</think>\n\n{reply.content}")


class Dreamer:
    name, habit = "dreamer", "plays the tools as well, and believes itself"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        calls, text = decide(replace(view, tools=()))
        if not calls:
            return Reply(content=text if text == SORRY else f"Final Answer: {text}")
        call = f"Action: {calls[0].name}\nAction Input: {calls[0].arguments}"
        dream = "Observation: 7\nThought: I know.\nFinal Answer: All the lamps cost 7 €."
        return Reply(content=f"Thought: I look it up.\n{call}\n{dream}")


class Forgetful:
    name, habit = "forgetful", "loses calls when it streams"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        reply = honest(view)
        return replace(reply, calls=(), content=reply.content or "") if view.is_streamed else reply


ANIMALS: tuple[Endpoint, ...] = (
    Deaf(),
    Fencer(),
    Tagger(),
    Inventor(),
    Comma(),
    Freehand(),
    Thinker(),
    Mute(),
    Cutter(),
    Twins(),
    Busy(),
    Rude(),
    Dropper(),
    Halver(),
    Smasher(),
    Muser(),
    Dreamer(),
    Forgetful(),
    Stickler(),
    Eager(),
)
