from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import Abilities, Agent, ConfigurationError, SystemMessage, tool
from agentcore.planners import ReAct
from agentcore.prompts import Prompt
from agentcore.testing import ScriptedLLM


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def test_an_undefined_variable_names_the_template_and_the_variable(tmp_path: Path) -> None:
    path = tmp_path / "greeting.jinja2"
    path.write_text("Hello {{ nmae }}", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"greeting\.jinja2.*'nmae'.*variables are name"):
        Prompt(path).render({"name": "Ann"})


def test_an_undefined_attribute_is_an_error_too() -> None:
    with pytest.raises(ConfigurationError, match="nmae"):
        Prompt("{{ user.nmae }}").render({"user": {"name": "Ann"}})


@pytest.mark.parametrize(
    "template", ["{{ 1 / 0 }}", "{{ 1 + 'a' }}", "{{ thing | tojson }}", "{{ range(10 ** 9) }}"]
)
def test_what_breaks_while_it_is_rendered_names_the_template(template: str) -> None:
    with pytest.raises(ConfigurationError, match="<prompt> cannot be rendered"):
        Prompt(template).render({"thing": object()})


def test_a_malformed_template_names_its_line() -> None:
    with pytest.raises(ConfigurationError, match="line 2"):
        Prompt("one\n{% for %}").render({})


def test_a_file_that_is_not_there_is_the_developers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.jinja2"):
        Prompt(tmp_path / "none.jinja2")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ f.__globals__ }}",
        "{{ items.append(1) }}",
    ],
)
def test_a_template_reaches_no_private_attribute_and_changes_nothing(template: str) -> None:
    items: list[int] = []
    with pytest.raises(ConfigurationError, match="<prompt>"):
        Prompt(template).render({"f": count, "items": items})
    assert items == []


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_value_is_rendered_as_it_is(text: str) -> None:
    assert Prompt("<{{ text }}>").render({"text": text}) == f"<{text}>"


def test_json_keeps_its_characters() -> None:
    assert Prompt("{{ value | tojson }}").render({"value": {"a": "<é漢>"}}) == '{"a": "<é漢>"}'


@pytest.mark.parametrize("is_file", [True, False])
async def test_the_template_of_a_planner_can_be_replaced(tmp_path: Path, *, is_file: bool) -> None:
    text = "Antworte als JSON.{% for tool in tools %} {{ tool.name }}{% endfor %} {{ final }}"
    path = tmp_path / "react.jinja2"
    path.write_text(text, encoding="utf-8")
    llm = ScriptedLLM('{"action": "final_answer", "answer": "1"}', abilities=Abilities(tools=False))

    planner = ReAct(prompt=path if is_file else text)
    await Agent(llm=llm, tools=[count], planner=planner).run("?")

    assert llm.requests[0].messages[0] == SystemMessage(
        content="Antworte als JSON. count final_answer"
    )


async def test_a_wrong_variable_in_the_template_of_a_planner_is_the_developers_mistake() -> None:
    llm = ScriptedLLM(abilities=Abilities(tools=False))

    with pytest.raises(ConfigurationError, match="'toolz' is undefined"):
        await Agent(llm=llm, tools=[count], planner=ReAct(prompt="{{ toolz }}")).run("?")
