"""Reads the action in what a model wrote, in any of the forms that models are trained to write."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from ..errors import OutputParseError
from ..jsontext import parse_json
from ..messages import ToolCall
from ..thoughts import split_thoughts
from ..values import JsonObject, JsonValue

__all__ = ["Action", "is_prose", "read_action", "read_call"]

_NAMES = ("action", "name", "tool", "tool_name", "function")
_ARGUMENTS = ("arguments", "action_input", "parameters", "args", "input")
_WRAPPERS = ("tool_call", "function_call", "tool_calls", "function", "action")
_LINE = r"^[\s*#>_-]*"
"""Where a line begins, with what Markdown puts there."""
_ANY_CASE = re.IGNORECASE | re.MULTILINE
_OBSERVED = re.compile(_LINE + r"(?:observation|tool result|result from)\b[^\n\"]*:", _ANY_CASE)
"""Where a model goes on to play the tool as well: nothing from there on is its own to say."""
_ACTION = re.compile(_LINE + r"action[*_]*\s*:\W*([\w.-]+)", _ANY_CASE)
_INPUT = re.compile(_LINE + r"action[ _]input[*_]*\s*:\s*(.*)", _ANY_CASE | re.DOTALL)
_FINAL = re.compile(_LINE + r"final answer[*_]*\s*:\s*(.*)", _ANY_CASE | re.DOTALL)
_TAGGED = re.compile(r"<function=([\w.-]+)>\s*(\{.*?\})\s*</function>", re.DOTALL)
_CALLED = re.compile(r"\[?\s*([A-Za-z_][\w.]*)\((.*)\)\s*\]?", re.DOTALL)
_OPENS_A_CALL = re.compile(r"[\s*#>_-]*(?:[{\[]|```|<tool_call>|<function|action\s*:)", _ANY_CASE)


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a model."""

    name: str
    value: JsonValue
    """The arguments of a tool, or the final answer."""
    thought: str = ""


def read_action(text: str, *, final: str, known: Collection[str]) -> Action:
    r"""Return the first action in a text.

    It is read from the JSON object of the ReAct guide, from the forms of other prompts (`name` and
    `arguments`, `<tool_call>` tags, `Action:` lines, `name(key=value)`), whatever stands around it.
    An observation that the model wrote itself ends what is read: it is never believed, nor is what
    the model concludes from it.

    Args:
        final: Name of the action that holds the final answer.
        known: Names of the tools.

    Raises:
        OutputParseError: there is none; the message tells the model what to write.

    Example:
        >>> read_action("Action: add\nAction Input: {'a': 1}", final="done", known=["add"])
        Action(name='add', value={'a': 1}, thought='')
    """
    own = _own_words(text)
    if not own.strip() and text.strip():
        raise OutputParseError(
            "you wrote an observation yourself; only a tool gives one. Write an action.", text=text
        )
    try:
        return _read(own, text, final, known)
    except OutputParseError as error:
        if own == text or own == split_thoughts(text)[1]:
            raise
        raise OutputParseError(
            f"{error} What stands after the observation that you wrote yourself was not read.",
            text=text,
        ) from error


def read_call(text: str, *, known: Collection[str]) -> ToolCall | None:
    """Return the call that a text consists of, for a model that was offered tools natively.

    None where it is an answer, or calls no tool that there is.
    """
    own = _own_words(text)
    if not _OPENS_A_CALL.match(own) and not _CALLED.fullmatch(own.strip()):
        return None
    try:
        action = _read(own, text, "", known)
    except OutputParseError:
        return None
    if action.name not in known:
        return None
    return ToolCall(id="", name=action.name, arguments=json.dumps(action.value, ensure_ascii=False))


def is_prose(text: str) -> bool:
    """Whether a text does not even try to be an action: words, and no observation among them."""
    own = _own_words(text)
    return bool(own.strip()) and own == split_thoughts(text)[1] and not re.search(r"[{}<>]", own)


def _own_words(text: str) -> str:
    text = split_thoughts(text)[1]
    observed = _OBSERVED.search(text)
    return text[: observed.start()] if observed else text


def _read(own: str, text: str, final: str, known: Collection[str]) -> Action:
    written = _from_tags(own) or _from_lines(own, final) or _from_python(own, known)
    if written is not None:
        return written
    value = parse_json(own, repair=True)
    action = _from_json(value, final, known)
    if action is None:
        raise OutputParseError(
            f'expected one JSON object with "action", and got {text[:200]!r}', text=text
        )
    return action


def _from_tags(own: str) -> Action | None:
    found = _TAGGED.search(own)
    if found is None:
        return None
    return Action(found[1], parse_json(found[2], repair=True))


def _from_lines(own: str, final: str) -> Action | None:
    """`Action:` and `Action Input:`, or `Final Answer:`, whichever comes first."""
    lines = own.partition("{")[0] if own.lstrip().startswith(("{", "[", "<", "```")) else own
    action, answer = _ACTION.search(lines), _FINAL.search(lines)
    if answer is not None and (action is None or answer.start() < action.start()):
        return Action(final, answer[1].strip()) if final else None
    if action is None:
        return None
    given = _INPUT.search(own, action.end())
    return Action(action[1], _arguments(given[1]) if given and given[1].strip() else {})


def _from_python(own: str, known: Collection[str]) -> Action | None:
    """`name(key=value)` and nothing else, of a tool that there is."""
    found = _CALLED.fullmatch(own.strip().strip("`").strip())
    if found is None or found[1] not in known:
        return None
    try:
        call = ast.parse(f"f({found[2]})", mode="eval").body
        assert isinstance(call, ast.Call)  # noqa: S101 - that is how it was written
        given = {item.arg: ast.literal_eval(item.value) for item in call.keywords if item.arg}
        arguments: JsonObject = json.loads(json.dumps(given))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, AssertionError):
        return None
    return Action(found[1], arguments) if not call.args else None


def _from_json(value: JsonValue, final: str, known: Collection[str]) -> Action | None:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _from_json(value[0], final, known)
    if not isinstance(value, dict):
        return None
    written = value.get("thought", "")
    thought = written if isinstance(written, str) else ""
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    if isinstance(name, str):
        return Action(name, _value_of(value, is_final=name == final), thought)
    for key in _WRAPPERS:
        if isinstance(value.get(key), (dict, list)):
            return _from_json(value[key], final, known)
    if final and value.keys() - {"thought"} in ({"answer"}, {final}):
        return Action(final, value.get("answer", value.get(final)), thought)
    only = next(iter(value)) if len(value) == 1 else ""
    return Action(only, value[only]) if only in known and isinstance(value[only], dict) else None


def _value_of(value: JsonObject, *, is_final: bool) -> JsonValue:
    given = next((value[key] for key in _ARGUMENTS if key in value), None)
    if not is_final:
        return _arguments(given) if isinstance(given, str) else {} if given is None else given
    if "answer" in value:
        return value["answer"]
    if isinstance(given, dict) and set(given) == {"answer"}:
        return given["answer"]
    if isinstance(given, str):
        return given
    text = json.dumps(value, ensure_ascii=False)
    raise OutputParseError(f'the final action needs "answer", and got {text[:200]!r}', text=text)


def _arguments(text: str) -> JsonValue:
    """Arguments that were written as text: JSON, or else as they are, for the tool to refuse."""
    try:
        return parse_json(text, repair=True)
    except OutputParseError:
        return text.strip()
