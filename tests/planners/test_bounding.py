from __future__ import annotations

from agentcore.completions import ToolSpec
from agentcore.planners.bounding import bounded
from agentcore.planners.react import action_schema
from agentcore.values import JsonObject


def test_every_text_and_list_without_a_bound_gets_one() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "short": {"type": "string", "maxLength": 3},
            "kind": {"type": "string", "enum": ["a"]},
            "date": {"type": "string", "format": "date"},
            "many": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            "long": {"type": "string", "minLength": 90},
            "more": {"type": "array", "minItems": 20},
        },
        "$defs": {"A": {"type": "string"}},
    }

    result = bounded(schema, most_characters=40)

    assert result["$defs"] == {"A": {"type": "string", "maxLength": 40}}
    assert result["properties"] == {
        "text": {"type": "string", "maxLength": 40},
        "short": {"type": "string", "maxLength": 3},
        "kind": {"type": "string", "enum": ["a"]},
        "date": {"type": "string", "format": "date"},
        "many": {
            "type": "array",
            "maxItems": 8,
            "items": {"anyOf": [{"type": "string", "maxLength": 40}, {"type": "null"}]},
        },
        "long": {"type": "string", "minLength": 90, "maxLength": 90},
        "more": {"type": "array", "minItems": 20, "maxItems": 20},
    }


def test_a_parameter_named_like_a_keyword_is_a_parameter() -> None:
    parameters: JsonObject = {"type": "object", "properties": {"type": {"type": "string"}}}

    assert bounded(parameters, most_characters=9)["properties"] == {
        "type": {"type": "string", "maxLength": 9}
    }


def test_a_step_keeps_its_actions() -> None:
    spec = ToolSpec(name="a", description="", parameters={"type": "object"})
    schema = action_schema([spec], None, thoughts=True)

    options = bounded(schema, most_characters=9)["anyOf"]

    assert isinstance(options, list)
    assert [str(option).count("maxLength") for option in options] == [2, 1]
