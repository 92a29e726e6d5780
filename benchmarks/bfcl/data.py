"""The questions: read from `../shared/data/bfcl_v4`, their functions as tools of this library."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore import ConfigurationError, ToolSpec
from agentcore.values import JsonObject, JsonValue

__all__ = ["CATEGORIES", "DATA", "Question", "load_questions"]

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "bfcl_v4"
CATEGORIES = {"simple": "simple_python", "multiple": "multiple", "irrelevance": "irrelevance"}
"""Category to the name of its file."""
_TYPES = {"dict": "object", "float": "number", "tuple": "array"}
_KEPT = frozenset({"type", "description", "enum", "items", "properties", "required"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question, the tools that are offered, and the call that is right."""

    id: str
    text: str
    tools: tuple[ToolSpec, ...]
    name: str = ""
    """The right tool; empty where none fits."""
    accepted: Mapping[str, tuple[JsonValue, ...]] | None = None
    """The accepted values of each argument; `""` among them: it may be left out."""


def load_questions(category: str, *, folder: Path = DATA, limit: int) -> list[Question]:
    """Read the first questions of a category.

    Raises:
        ConfigurationError: the data is not there.
    """
    path = folder / f"{CATEGORIES[category]}.jsonl"
    if not path.exists():
        raise ConfigurationError(f"there is no {path}: pass the folder of bfcl_v4 as --data")
    with path.open(encoding="utf-8") as lines:
        return [_question(json.loads(line)) for line, _ in zip(lines, range(limit), strict=False)]


def _question(row: Any) -> Question:
    tools = tuple(
        ToolSpec(
            name=_name(function["name"]),
            description=function["description"],
            parameters=_schema(function["parameters"]),
        )
        for function in row["function"]
    )
    text = row["question"][0][-1]["content"]
    if "ground_truth" not in row:
        return Question(row["id"], text, tools)
    ((name, accepted),) = row["ground_truth"][0].items()
    accepted = {key: tuple(values) for key, values in accepted.items()}
    return Question(row["id"], text, tools, _name(name), accepted)


def _name(name: str) -> str:
    """Servers take no dots in the name of a tool."""
    return re.sub(r"[^\w-]", "_", name)


def _schema(given: Any) -> JsonObject:
    """JSON Schema of what the data writes with the types of Python."""
    schema: JsonObject = {key: value for key, value in given.items() if key in _KEPT}
    kind = _TYPES.get(given.get("type"), given.get("type"))
    schema["type"] = kind
    if kind == "any":
        del schema["type"]
    if "properties" in given:
        schema["properties"] = {key: _schema(item) for key, item in given["properties"].items()}
        schema["additionalProperties"] = False
    if "items" in given:
        schema["items"] = _schema(given["items"])
    return schema
