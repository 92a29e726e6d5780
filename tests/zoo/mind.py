"""A simulated model without faults: it does what it is asked, natively, in JSON, or in words."""

from __future__ import annotations

import json
import re
from typing import Any

from .endpoint import Call, Reply, View

__all__ = ["SORRY", "as_action", "decide", "honest", "results_of"]

SORRY = "I cannot look that up."
_SEEN = re.compile(r"^Observation from (\w+): (.*)$", re.MULTILINE)
_REPEATED = re.compile(
    r"(?:Repeat this line exactly, and write|Write this line and) nothing else: (.*)"
)
_SUM = re.compile(r"What is (\d+) \+ (\d+)\?")
_QUOTED = re.compile(r"Write the sentence '([^']*)'")
_WORD_ASKED = re.compile(r"(code word|word of the day)\?")
_PLACES = re.compile(r"\bin ([A-Z]\w+)")


def honest(view: View, *, is_parallel: bool = False) -> Reply:
    """Answer a request as a good model would."""
    calls, text = decide(view, is_parallel=is_parallel)
    if calls and view.tools:
        return Reply(content=None, calls=calls)
    if view.schema is not None:
        return Reply(content=json.dumps(_filled(view.schema, calls, text), ensure_ascii=False))
    if _is_guided(view):
        return Reply(content=as_action(calls, text))
    for stop in view.stop:
        text = text.partition(stop)[0]
    return Reply(content=text)


def decide(view: View, *, is_parallel: bool = False) -> tuple[tuple[Call, ...], str]:
    """What the model wants: calls, or a text."""
    asked = next((turn.text for turn in reversed(view.turns) if turn.role == "user"), "")
    if "lamps in stock" in view.text:
        return _shop(view, is_parallel=is_parallel)
    if view.must_call and view.tools:
        return (
            Call(view.tools[0], json.dumps(_filled(view.parameters[view.tools[0]], (), "x"))),
        ), ""
    places = _PLACES.findall(asked)
    if "thermometer" in asked.lower() and view.tools:
        if read := results_of(view).get("read_thermometer"):
            return (), f"It is {read} degrees."
        calls = tuple(Call(view.tools[0], json.dumps({"city": place})) for place in places)
        return calls if is_parallel else calls[:1], ""
    return (), _say(view, asked)


def _say(view: View, asked: str) -> str:
    if repeated := _REPEATED.search(asked):
        return repeated[1]
    if summed := _SUM.search(asked):
        return str(int(summed[1]) + int(summed[2]))
    if quoted := _QUOTED.search(asked):
        return quoted[1]
    if found := _WORD_ASKED.search(asked):
        return " ".join(re.findall(rf"{found[1]} is (\w+)", view.text)) or "I see none."
    if "picture" in asked:
        return "none"
    return "Yes." if "yes" in asked.lower() else "Hello."


def results_of(view: View) -> dict[str, str]:
    """What tools have said so far, natively or as text."""
    found = {turn.tool: turn.text for turn in view.turns if turn.tool and turn.text.isdecimal()}
    for turn in view.turns:
        if turn.role == "user":
            found |= dict(_SEEN.findall(turn.text))
    return found


def _shop(view: View, *, is_parallel: bool) -> tuple[tuple[Call, ...], str]:
    """How many lamps, what one costs, the product: each from a tool, the answer from the last."""
    known = results_of(view)
    can_call = view.tools or "- multiply:" in view.text
    if not can_call and "multiply" not in known:  # who has the results needs no tools to answer
        return (), SORRY
    wanted = [
        Call(name, json.dumps({"item": "lamp"})) for name in ("stock", "price") if name not in known
    ]
    if wanted:
        return tuple(wanted if is_parallel else wanted[:1]), ""
    if "multiply" not in known:
        factors = {"a": int(known["stock"]), "b": int(known["price"])}
        return (Call("multiply", json.dumps(factors)),), ""
    return (), f"All the lamps cost {known['multiply']} €."


def _is_guided(view: View) -> bool:
    return "final_answer" in view.text  # which only the guide names


def as_action(calls: tuple[Call, ...], text: str) -> str:
    """The step in the form that the ReAct guide asks for."""
    if calls:
        step: dict[str, Any] = {
            "action": calls[0].name,
            "arguments": json.loads(calls[0].arguments),
        }
    else:
        step = {"action": "final_answer", "answer": text}
    return json.dumps({"thought": "Go on."} | step, ensure_ascii=False)


def _filled(schema: dict[str, Any], calls: tuple[Call, ...], text: str) -> Any:
    """A value that satisfies the schema, and says what is meant as far as the schema lets it."""
    if "anyOf" in schema:
        wanted = calls[0].name if calls else "final_answer"
        options = schema["anyOf"]
        fits = [item for item in options if _action_of(item) == wanted]
        return _filled((fits or options)[0], calls, text)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        given: Any = json.loads(calls[0].arguments) if calls else None
        properties = schema.get("properties", {})
        return {
            name: given if name == "arguments" and calls else _filled(item, calls, text)
            for name, item in properties.items()
        }
    named = re.search(r"to write here is (\w+)", schema.get("description", ""))
    simple: dict[str, Any] = {"integer": 0, "number": 0, "array": []}
    return simple.get(schema.get("type", "string"), named[1] if named else text or "x")


def _action_of(schema: dict[str, Any]) -> str | None:
    return schema.get("properties", {}).get("action", {}).get("const")
