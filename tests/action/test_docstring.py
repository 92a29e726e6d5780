from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.action.docstring import parse_docstring

FULL = """Find a book.

    Searches by title:
    the nearest first.

    Args:
        title: words of the title,
            in any order.
        limit (int, optional): at most so many: 10.

    Returns:
        The books.

    Titles are in English.
    """


def test_the_description_is_the_text_outside_the_sections() -> None:
    description = parse_docstring(FULL).description

    assert description == (
        "Find a book.\n\nSearches by title:\nthe nearest first.\n\nTitles are in English."
    )


def test_entries_may_be_typed_and_run_over_lines() -> None:
    assert parse_docstring(FULL).parameters == {
        "title": "words of the title, in any order.",
        "limit": "at most so many: 10.",
    }


def test_an_indented_line_with_a_colon_goes_on_with_its_entry() -> None:
    text = "Do.\n\nArgs:\n    mode: one of\n        fast: quick\n        slow: exact\n"

    assert parse_docstring(text).parameters == {"mode": "one of fast: quick slow: exact"}


def test_an_unknown_header_is_part_of_the_text() -> None:
    assert parse_docstring("Do.\n\nNote:\n    Slow.").description == "Do.\n\nNote:\n    Slow."


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert parse_docstring(text).description.strip() == parse_docstring(text).description
