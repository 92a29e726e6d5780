"""ReAct: thought, action, observation, for models without native tool calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from ..completions import Completion, ToolSpec
from ..errors import ConfigurationError, OutputParseError, StepLimitError
from ..final import FINAL, check_names
from ..jsontext import parse_json
from ..messages import AssistantMessage, Message, SystemMessage, ToolCall, UserMessage
from ..planning import Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..transcripts import calls_as_text
from ..values import JsonObject, JsonValue

__all__ = ["ReAct", "action_schema", "to_react"]


_PROMPT = Path(__file__).with_name("react.jinja2")


class ReAct:
    """Each step is one JSON object: a thought, and the call of a tool or the final answer.

    Where the model's output can be constrained it is decoded under `action_schema`, the union of
    all tools and the final answer, so that even the smallest model makes well-formed calls; else
    the object is asked for in words and read from the text. What cannot be read is told to the
    model.

    Costs at most `max_steps` model calls, and those that correct an invalid typed output.

    Args:
        max_steps: Model calls, at least 1. In the last one only the final answer is allowed.
        thoughts: Whether a thought comes before each action. Without it steps are shorter.
        prompt: A template of your own instead of `react.jinja2`: its `Path`, or its text. Its
            variables are `tools` (each with `name`, `description`, and `arguments` as JSON),
            `thought` (empty without thoughts) and `final`, the name of the last action.

    Raises:
        StepLimitError: no readable answer came within `max_steps`.

    References:
        Yao et al. 2022, ReAct: Synergizing Reasoning and Acting in Language Models,
        arXiv:2210.03629. Unlike the paper, which parses free text and prompts with examples, the
        step is one constrained JSON object and needs none; observations are never read from the
        model's own output.
    """

    def __init__(
        self, *, max_steps: int = 8, thoughts: bool = True, prompt: str | Path | None = None
    ) -> None:
        if max_steps < 1:
            raise ConfigurationError(f"max_steps is {max_steps}: it must be at least 1")
        self.max_steps = max_steps
        self.thoughts = thoughts
        self._prompt = Prompt(_PROMPT if prompt is None else prompt)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        check_names(run.tools)
        if not run.tools:
            return await run.answer(task.messages)
        transcript: list[Message] = list(
            task.messages
        )  # in native form: any model can go on from it
        remarks: list[Message] = []
        guide = self._prompt.render(_variables(run.tools, thoughts=self.thoughts))
        acting = action_schema(run.tools, run.output_schema, thoughts=self.thoughts)
        ending = action_schema((), run.output_schema, thoughts=self.thoughts)
        for step in range(1, self.max_steps + 1):
            is_last = step == self.max_steps
            schema = ending if is_last else acting
            prompt = [*to_react(transcript, guide), *remarks]
            reply = await run.think(
                prompt,
                output_schema=schema if run.abilities.json_schema else None,
                answer_field="answer",
            )
            try:
                thought, name, value = _read_action(reply.text)
            except OutputParseError as error:
                remarks = _remarks(reply, error)
                continue
            if name == FINAL:
                return await _finish(run, transcript, thought, value)
            if is_last:
                break
            arguments = json.dumps(value, ensure_ascii=False)
            call = ToolCall(id=f"react-{step}", name=name, arguments=arguments)
            (observation,) = await run.act([call])
            transcript += [
                AssistantMessage(content=thought, tool_calls=(call,)),
                observation.to_message(),
            ]
            remarks = []
        raise StepLimitError(f"no final answer came within max_steps={self.max_steps} steps")


async def _finish(
    run: Run, transcript: Sequence[Message], thought: str, value: JsonValue
) -> Answer:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Without the guide: an answer that is asked for again is no action.
    answer = await run.answer([*to_react(transcript), AssistantMessage(content=text)])
    final = AssistantMessage(content=answer.text, thinking=thought)
    return replace(answer, messages=(*transcript, final))


def action_schema(
    tools: Sequence[ToolSpec], output_schema: JsonObject | None, *, thoughts: bool
) -> JsonObject:
    """Return the schema of one step: any of the tools with its arguments, or the final answer."""
    definitions: JsonObject = {}
    plain: JsonObject = {"type": "string"}
    answer = _lift(output_schema, definitions, FINAL) if output_schema else plain
    options: list[JsonValue] = [_option(FINAL, "answer", answer, thoughts=thoughts)]
    for tool in tools:
        arguments = _lift(tool.parameters, definitions, tool.name)
        options.append(_option(tool.name, "arguments", arguments, thoughts=thoughts))
    schema: JsonObject = {"anyOf": options}
    if definitions:
        schema["$defs"] = definitions
    return schema


def to_react(messages: Sequence[Message], guide: str = "") -> list[Message]:
    """Return a conversation in this planner's form: actions as JSON, results as observations.

    The guide joins the system message, or becomes one.
    """
    written = calls_as_text(messages)
    if not guide:
        return written
    if written and isinstance(first := written[0], SystemMessage):
        return [SystemMessage(content=f"{first.content}\n\n{guide}"), *written[1:]]
    return [SystemMessage(content=guide), *written]


def _remarks(reply: Completion, error: OutputParseError) -> list[Message]:
    """What the model is told of a step that cannot be read."""
    cut = " It was cut off, because it was too long." if reply.finish_reason == "length" else ""
    return [
        AssistantMessage(content=reply.text),
        UserMessage(content=f"Observation: {error}{cut} Write one action."),
    ]


def _option(name: str, field: str, value: JsonValue, *, thoughts: bool) -> JsonObject:
    properties: JsonObject = {"thought": {"type": "string"}} if thoughts else {}
    properties |= {"action": {"const": name}, field: value}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _lift(schema: JsonObject, definitions: JsonObject, prefix: str) -> JsonObject:
    """Move a schema's definitions to the root of the union, under names that cannot collide."""
    own = schema.get("$defs", {})
    body = {name: value for name, value in schema.items() if name != "$defs"}
    if isinstance(own, dict):
        for name, definition in own.items():
            definitions[f"{prefix}.{name}"] = _renamed(definition, prefix)
    return cast("JsonObject", _renamed(body, prefix))  # an object stays one


def _renamed(value: JsonValue, prefix: str) -> JsonValue:
    """Point every `$ref` in a schema to the name that `_lift` gave its definition."""
    if isinstance(value, list):
        return [_renamed(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {name: _renamed(item, prefix) for name, item in value.items()}
    target = renamed.get("$ref")
    if isinstance(target, str):
        renamed["$ref"] = target.replace("#/$defs/", f"#/$defs/{prefix}.", 1)
    return renamed


def _read_action(text: str) -> tuple[str, str, JsonValue]:
    """Return thought, action, and its arguments or answer."""
    value = parse_json(text, repair=True)
    if not isinstance(value, dict) or not isinstance(name := value.get("action"), str):
        raise OutputParseError(
            f'expected one JSON object with "action", and got {text[:200]!r}', text=text
        )
    if name == FINAL and "answer" not in value:
        raise OutputParseError(f'{FINAL!r} needs "answer", and got {text[:200]!r}', text=text)
    field = "answer" if name == FINAL else "arguments"
    thought = value.get("thought", "")
    return (thought if isinstance(thought, str) else ""), name, value.get(field, {})


def _variables(tools: Sequence[ToolSpec], *, thoughts: bool) -> Mapping[str, object]:
    return {
        "tools": [
            {
                "name": tool.name,
                "description": tool.description,
                "arguments": _describe(tool.parameters),
            }
            for tool in tools
        ],
        "thought": '"thought": "...", ' if thoughts else "",
        "final": FINAL,
    }


def _describe(parameters: JsonObject) -> str:
    properties = json.dumps(parameters.get("properties", {}), ensure_ascii=False)
    definitions = parameters.get("$defs")
    if not definitions:
        return properties
    return f"{properties} with $defs {json.dumps(definitions, ensure_ascii=False)}"
