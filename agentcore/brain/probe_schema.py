"""Probes of constrained output."""

from __future__ import annotations

from dataclasses import replace

from ..errors import OutputParseError
from ..interfaces import LLM
from ..jsontext import parse_json
from ..servers.reading import object_of, parse_reply
from ..values import JsonObject
from .passport import Finding
from .probe_asking import ask, no, question, unknown, yes

__all__ = ["probe_schema_enforced", "probe_schema_seen"]

_COLOURS = ("violet", "ochre")
_PAINT: JsonObject = {
    "type": "object",
    "properties": {"paint": {"enum": list(_COLOURS), "type": "string"}},
    "required": ["paint"],
    "additionalProperties": False,
}
_SECRET = "marmalade"  # noqa: S105 - a word to be found again
_WORD: JsonObject = {
    "type": "object",
    "properties": {
        "word": {"type": "string", "description": f"The word to write here is {_SECRET}."}
    },
    "required": ["word"],
    "additionalProperties": False,
}


async def probe_schema_enforced(llm: LLM) -> Finding:
    """Whether the answer keeps to a schema that contradicts what is asked for in words.

    A model that only tries to please follows the words.
    """
    text = "Write the sentence 'I like green tea.' as plain text. Do not write JSON."
    reply = await ask(llm, replace(question(text), output_schema=_PAINT))
    if isinstance(reply, Finding):
        return reply
    value = parse_reply(reply.text)
    if isinstance(value, dict) and set(value) == {"paint"} and value["paint"] in _COLOURS:
        return yes(f"wrote {reply.text.strip()[:80]!r} where plain text was asked for")
    if reply.finish_reason == "length":
        return unknown("the answer was cut before it was done")
    return no(f"wrote {reply.text.strip()[:80]!r} against the schema")


async def probe_schema_seen(llm: LLM) -> Finding:
    """Whether the model knows a word that stands only in the schema's description."""
    text = "Follow the description of the field: write the word that it names."
    reply = await ask(llm, replace(question(text), output_schema=_WORD))
    if isinstance(reply, Finding):
        return reply
    try:
        word = object_of(parse_json(reply.text)).get("word")
    except OutputParseError:
        word = reply.text
    if _SECRET in str(word).lower():
        return yes("wrote the word that only the schema names")
    return no(f"wrote {str(word)[:80]!r}, and not the word that the schema names")
