"""ReAct: thought, action, observation, for models without native tool calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..completions import Completion, ToolSpec
from ..errors import ConfigurationError, OutputParseError, StepLimitError
from ..final import FINAL, check_names
from ..jsontext import parse_json
from ..messages import AssistantMessage, Message, ToolCall, UserMessage
from ..planning import Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..thoughts import split_thoughts
from ..values import JsonObject, JsonValue
from .bounding import bounded
from .circling import MOST_REPEATS, Circle, check_repeats
from .offering import guided, lift, tool_variables
from .reading import Action, is_prose, read_action

__all__ = ["ReAct", "action_schema"]


_PROMPT = Path(__file__).with_name("react.jinja2")

_USUAL_TOKENS = 200
_FEWEST_CHARACTERS = 16


class ReAct:
    """Each step is one JSON object: a thought, and the call of a tool or the final answer.

    Where the model's output can be constrained it is decoded under `action_schema`, the union of
    all tools and the final answer, so that even the smallest model makes well-formed calls; else
    the object is asked for in words and read from the text, in whatever form the model has learnt
    to write calls (see `reading`). What cannot be read is told to the model; one that answers in
    words, and does so again when it was told, is taken at its word. A step that was cut is asked
    for again under a schema with bounds, so that it comes to its end. An observation that the model
    writes itself is never believed. A model that goes round in circles is told so once; if it goes
    on, the next step is the last, and no tools are shown in it.

    Costs at most `max_steps` model calls, and those that correct an invalid typed output.

    Args:
        max_steps: Model calls, at least 1. In the last one only the final answer is allowed.
        most_repeats: How often in a row the same action may have the same result before the model
            is told, at least 2; None: as often as it likes. Two actions that take turns may come
            once less, and at least twice.
        thoughts: Whether a thought comes before each action. Without it steps are shorter.
        prompt: A template of your own instead of `react.jinja2`: its `Path`, or its text. Its
            variables are `tools` (each with `name`, `description`, and `arguments` as JSON; empty
            where they were taken away), `thought` (empty without thoughts) and `final`, the name of
            the last action.

    Raises:
        StepLimitError: no readable answer came within `max_steps`.

    References:
        Yao et al. 2022, ReAct: Synergizing Reasoning and Acting in Language Models,
        arXiv:2210.03629. Unlike the paper, which parses free text and prompts with examples, the
        step is one constrained JSON object and needs none; observations are never read from the
        model's own output.
    """

    def __init__(
        self,
        *,
        max_steps: int = 8,
        most_repeats: int | None = MOST_REPEATS,
        thoughts: bool = True,
        prompt: str | Path | None = None,
    ) -> None:
        if max_steps < 1:
            raise ConfigurationError(f"max_steps is {max_steps}: it must be at least 1")
        self.max_steps = max_steps
        self.most_repeats = check_repeats(most_repeats)
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
        guide = self._guide(run.tools)
        acting = action_schema(run.tools, run.output_schema, thoughts=self.thoughts)
        ending = action_schema((), run.output_schema, thoughts=self.thoughts)
        reader, circle = _Reader(run.tools), Circle(self.most_repeats)
        for step in range(1, self.max_steps + 1):
            is_last = step == self.max_steps or circle.is_over
            schema = reader.bounded(ending if is_last else acting)
            prompt = [*guided(transcript, guide), *remarks]
            reply = await run.think(
                prompt,
                output_schema=schema if run.abilities.json_schema else None,
                answer_field="answer",
            )
            try:
                action = reader.read(reply)
            except OutputParseError as error:
                remarks = _remarks(reply, error)
                continue
            if action.name == FINAL:
                return await _finish(run, transcript, action.thought, action.value)
            if is_last:
                break
            arguments = json.dumps(action.value, ensure_ascii=False)
            call = ToolCall(id=f"react-{step}", name=action.name, arguments=arguments)
            (observation,) = await run.act([call])
            transcript += [
                AssistantMessage(content=action.thought, tool_calls=(call,)),
                observation.to_message(),
            ]
            remarks = circle.remarks([observation])
            guide = self._guide(()) if circle.is_over else guide
        raise StepLimitError(
            "the model repeated itself, and gave no final answer when it was shown no tools"
            if circle.is_over
            else f"no final answer came within max_steps={self.max_steps} steps"
        )

    def _guide(self, tools: Sequence[ToolSpec]) -> str:
        return self._prompt.render(_variables(tools, thoughts=self.thoughts))


class _Reader:
    """Reads the steps of one run, and knows in what way the last one could not be read."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._known = [tool.name for tool in tools]
        self._was_prose = False
        self._most_characters: int | None = None

    def bounded(self, schema: JsonObject) -> JsonObject:
        """The schema of the next step, with bounds where the last one was cut."""
        if self._most_characters is None:
            return schema
        return bounded(schema, most_characters=self._most_characters)

    def read(self, reply: Completion) -> Action:
        """Return the action of a step, or raise `OutputParseError`.

        Who answers in words, is told to write an action, and answers in words again, means it.
        """
        text, was_prose = reply.text, self._was_prose
        self._was_prose = is_prose(text)
        if was_prose and self._was_prose:
            return Action(FINAL, split_thoughts(text)[1].strip())
        calls = reply.message.tool_calls
        if calls and not text.strip():  # it has native calls after all
            return Action(calls[0].name, _parsed(calls[0].arguments))
        try:
            action = read_action(text, final=FINAL, known=self._known)
        except OutputParseError:
            if reply.finish_reason == "length":
                self._shorten(reply.usage.output_tokens or _USUAL_TOKENS)
            raise
        self._most_characters = None
        return action

    def _shorten(self, tokens: int) -> None:
        """A character for each token that there was, and after that a quarter."""
        before = self._most_characters
        self._most_characters = max(_FEWEST_CHARACTERS, tokens if before is None else before // 4)


def _parsed(arguments: str) -> JsonValue:
    try:
        return parse_json(arguments, repair=True)
    except OutputParseError:
        return arguments


def _remarks(reply: Completion, error: OutputParseError) -> list[Message]:
    """What the model is told of a step that cannot be read."""
    cut = " It was cut off: write less." if reply.finish_reason == "length" else ""
    return [
        AssistantMessage(content=reply.text),
        UserMessage(content=f"Observation: {error}{cut} Write one action."),
    ]


async def _finish(
    run: Run, transcript: Sequence[Message], thought: str, value: JsonValue
) -> Answer:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Without the guide: an answer that is asked for again is no action.
    answer = await run.answer([*guided(transcript), AssistantMessage(content=text)])
    final = AssistantMessage(content=answer.text, thinking=thought)
    return replace(answer, messages=(*transcript, final))


def action_schema(
    tools: Sequence[ToolSpec], output_schema: JsonObject | None, *, thoughts: bool
) -> JsonObject:
    """Return the schema of one step: any of the tools with its arguments, or the final answer."""
    definitions: JsonObject = {}
    plain: JsonObject = {"type": "string"}
    answer = lift(output_schema, definitions, FINAL) if output_schema else plain
    options: list[JsonValue] = [_option(FINAL, "answer", answer, thoughts=thoughts)]
    for tool in tools:
        arguments = lift(tool.parameters, definitions, tool.name)
        options.append(_option(tool.name, "arguments", arguments, thoughts=thoughts))
    schema: JsonObject = {"anyOf": options}
    if definitions:
        schema["$defs"] = definitions
    return schema


def _option(name: str, field: str, value: JsonValue, *, thoughts: bool) -> JsonObject:
    properties: JsonObject = {"thought": {"type": "string"}} if thoughts else {}
    properties |= {"action": {"const": name}, field: value}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _variables(tools: Sequence[ToolSpec], *, thoughts: bool) -> Mapping[str, object]:
    return {
        "tools": tool_variables(tools),
        "thought": '"thought": "...", ' if thoughts else "",
        "final": FINAL,
    }
