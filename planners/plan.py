"""A plan as a value: steps that call tools, and refer to the results of other steps."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from ..completions import ToolSpec
from ..errors import OutputParseError
from ..jsontext import parse_json
from ..thoughts import split_thoughts
from ..values import JsonObject, JsonValue, Value
from .offering import lift

if TYPE_CHECKING:
    from networkx import DiGraph

__all__ = ["PLACEHOLDER", "STEP_ID", "Plan", "Step", "plan_schema", "read_plan"]

STEP_ID = re.compile(r"E[1-9][0-9]{0,3}", re.ASCII)
"""The id of a step; short, so that `#E51234` in a text is a colour and no reference."""
PLACEHOLDER = re.compile(rf"#({STEP_ID.pattern})(?!\w)", re.ASCII)
"""Stands in a text for the result of a step."""

_REFERENCE = re.compile(r"#?([\w-]+)")
_MOST_SHOWN = 80


class Step(Value):
    """One call of a plan."""

    id: str
    """`E1`, `E2`, ..."""
    tool: str
    arguments: JsonObject = Field(default_factory=dict[str, JsonValue])
    """A text may hold `#E1`, for the text of that result. A text that is nothing but `#E1` stands
    for the whole result, and may stand where the tool wants a number, a list or an object."""
    expects: str = ""
    """What the result should hold, in the model's words."""
    after: tuple[str, ...] = ()
    """Steps that must have been done before, whose results it does not use."""

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The ids in its arguments, each once, in the order in which they are written."""
        return tuple(dict.fromkeys(_references(self.arguments)))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The steps that must be done before: its references, then `after`, each once."""
        return tuple(dict.fromkeys((*self.references, *self.after)))


class Plan(Value):
    """Steps as a graph: what does not need each other's results can run side by side.

    A plan that was read can be wrong in any way; `check_plan` says in which.

    Example:
        >>> book = Step(id="E1", tool="find", arguments={"title": "Dune"})
        >>> plan = Plan(steps=(Step(id="E2", tool="lend", arguments={"mark": "#E1"}), book))
        >>> [step.id for step in plan.in_order()]
        ['E1', 'E2']
    """

    steps: tuple[Step, ...]

    def in_order(self) -> tuple[Step, ...]:
        """The steps, each after those it needs; else in the order in which they were written.

        Only for a plan that was checked: ids are unique, and there is no cycle.
        """
        from networkx import lexicographical_topological_sort

        position = {step.id: index for index, step in enumerate(self.steps)}
        ids = lexicographical_topological_sort(self._graph(), key=position.__getitem__)
        return tuple(self.steps[position[id_]] for id_ in ids)

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """The groups of two or more steps that need each other, each in the order written."""
        from networkx import strongly_connected_components

        position = {step.id: index for index, step in enumerate(self.steps)}
        groups = [
            tuple(sorted(group, key=position.__getitem__))
            for group in strongly_connected_components(self._graph())
            if len(group) > 1
        ]
        return tuple(sorted(groups, key=lambda group: position[group[0]]))

    def _graph(self) -> "DiGraph[str]":
        """The steps, with an edge from each to those that need it; what does not exist has none."""
        from networkx import DiGraph

        graph: DiGraph[str] = DiGraph()
        graph.add_nodes_from(step.id for step in self.steps)
        graph.add_edges_from(
            (earlier, step.id)
            for step in self.steps
            for earlier in step.needs
            if earlier in graph and earlier != step.id
        )
        return graph


def read_plan(text: str) -> Plan:
    r"""Read the plan that a model wrote: an object with `steps`, or the list of them alone.

    `{"$ref": "E1"}` is read as `"#E1"`, an id `#E1` as `E1`; a step without an id has that of its
    place in the list. What else stands in a step is left out.

    Raises:
        OutputParseError: it is none; the message tells the model what to write.

    Example:
        >>> read_plan('Sure: [{"tool": "lend", "arguments": {"mark": {"$ref": "E2"}}}]').steps
        (Step(id='E1', tool='lend', arguments={'mark': '#E2'}, expects='', after=()),)
    """
    value = parse_json(split_thoughts(text)[1], repair=True)
    steps = value.get("steps") if isinstance(value, dict) else value
    if not isinstance(steps, list):
        raise OutputParseError('there is no list "steps" in the plan', text=text)
    try:
        return Plan(steps=tuple(_read_step(step, n) for n, step in enumerate(steps, start=1)))
    except ValueError as error:
        raise OutputParseError(str(error), text=text) from error


def plan_schema(tools: Sequence[ToolSpec], *, max_steps: int, min_steps: int = 1) -> JsonObject:
    """Return the schema of a plan: a list of steps, each a call of any of the tools."""
    definitions: JsonObject = {}
    placeholder: JsonObject = {"type": "string", "pattern": f"^#{STEP_ID.pattern}$"}
    options: list[JsonValue] = []
    for tool in tools:
        parameters = lift(tool.parameters, definitions, tool.name)
        options.append(_option(tool.name, _open(parameters, placeholder)))
    steps: JsonObject = {
        "type": "array",
        "items": {"anyOf": options},
        "minItems": min_steps,
        "maxItems": max_steps,
    }
    schema: JsonObject = {
        "type": "object",
        "properties": {"steps": steps},
        "required": ["steps"],
        "additionalProperties": False,
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def _option(name: str, arguments: JsonObject) -> JsonObject:
    step_id: JsonObject = {"type": "string", "pattern": f"^{STEP_ID.pattern}$"}
    return {
        "type": "object",
        "properties": {
            "id": step_id,
            "expects": {"type": "string"},
            "tool": {"const": name},
            "arguments": arguments,
            "after": {"type": "array", "items": step_id},
        },
        "required": ["id", "expects", "tool", "arguments"],
        "additionalProperties": False,
    }


def _open(parameters: JsonObject, placeholder: JsonObject) -> JsonObject:
    """Allow a placeholder wherever an argument is no free text."""
    properties = parameters.get("properties")
    if not isinstance(properties, dict):
        return parameters
    opened: JsonObject = {
        name: item if _is_free_text(item) else {"anyOf": [item, placeholder]}
        for name, item in properties.items()
    }
    return {**parameters, "properties": opened}


def _is_free_text(schema: JsonValue) -> bool:
    bounds = {"enum", "const", "pattern", "format", "maxLength"}
    return isinstance(schema, dict) and schema.get("type") == "string" and bounds.isdisjoint(schema)


def _read_step(value: JsonValue, number: int) -> Step:
    if not isinstance(value, dict):
        raise ValueError(f"step {number} is no JSON object, but {value!r:.{_MOST_SHOWN}}")  # noqa: TRY004 - the model's mistake
    tool = value.get("tool")
    if not isinstance(tool, str):
        raise ValueError(f'step {number} has no "tool": write the name of one as a text')  # noqa: TRY004 - idem
    arguments = value.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise ValueError(f'the "arguments" of step {number} are no JSON object')  # noqa: TRY004 - idem
    after = value.get("after") or []
    return Step(
        id=_bare(value.get("id") or f"E{number}"),
        tool=tool,
        arguments={name: _normal(item) for name, item in arguments.items()},
        expects=str(value.get("expects") or ""),
        after=tuple(_bare(item) for item in (after if isinstance(after, list) else [after])),
    )


def _bare(step_id: JsonValue) -> str:
    return str(step_id).removeprefix("#")


def _normal(value: JsonValue) -> JsonValue:
    """Write the one form of a reference for the other."""
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    target = _target(value)
    if target is not None and STEP_ID.fullmatch(target):
        return f"#{target}"
    return {name: _normal(item) for name, item in value.items()}


def _target(value: JsonObject) -> str | None:
    """What an object refers to where it is `{"$ref": "E1"}`, well-formed or not."""
    target = value.get("$ref")
    found = _REFERENCE.fullmatch(target) if len(value) == 1 and isinstance(target, str) else None
    return found and found[1]


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, dict):
        target = _target(value)
        if target is not None:
            yield target
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
