from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import Agent, MemoryJournal, ToolError
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import current_time, date_difference, shift_date


async def test_a_run_that_is_resumed_is_told_the_same_time() -> None:
    journal, cut = MemoryJournal(), MemoryJournal()
    first = ScriptedLLM(call("current_time", timezone="Asia/Tokyo"), "Late.")
    again = ScriptedLLM("Late.")

    await Agent(llm=first, tools=[current_time]).run("What time?", journal=journal)
    for event in journal.events():
        cut.append(event)
        if event.kind == "timed":
            break  # here the process died
    await Agent(llm=again, tools=[current_time]).run("What time?", journal=cut)

    told = str(first.requests[1].messages[-1].content)
    assert "+09:00 (" in told
    assert again.requests[0].messages[-1].content == told


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "/etc/passwd", "Europe", "\0"])
async def test_an_unknown_time_zone_is_told_to_the_model(name: str) -> None:
    llm = ScriptedLLM(call("current_time", timezone=name), "?")

    await Agent(llm=llm, tools=[current_time]).run("What time?")

    assert "there is no time zone" in str(llm.requests[1].messages[-1].content)


@pytest.mark.parametrize(
    ("moves", "then"),
    [
        ({"days": 1}, "2024-02-01 (Thursday)"),
        ({"months": 1}, "2024-02-29 (Thursday)"),
        ({"months": -2}, "2023-11-30 (Thursday)"),
        ({"years": 1, "months": 1}, "2025-02-28 (Friday)"),
        ({"weeks": -1}, "2024-01-24 (Wednesday)"),
        ({}, "2024-01-31 (Wednesday)"),
    ],
)
def test_a_date_is_moved(moves: dict[str, int], then: str) -> None:
    assert shift_date("2024-01-31", **moves) == then


@given(st.dates(), st.integers(-(10**12), 10**12))
def test_moving_by_days_is_what_python_says(start: date, days: int) -> None:
    try:
        then = f"{start + timedelta(days=days):%Y-%m-%d}".rjust(10, "0")
    except OverflowError:
        with pytest.raises(ToolError, match="before the year 1 or after 9999"):
            shift_date(start.isoformat(), days=days)
    else:
        assert shift_date(start.isoformat(), days=days).startswith(then)
        difference = date_difference(start.isoformat(), then)
        assert difference.startswith(f"{days} days (")


@pytest.mark.parametrize("months", [10**6, -(10**6), 10**30])
def test_a_date_out_of_the_calendar_is_told_to_the_model(months: int) -> None:
    with pytest.raises(ToolError, match="before the year 1 or after 9999"):
        shift_date("2024-01-31", months=months)


def test_days_between_dates_are_counted() -> None:
    assert date_difference("2024-02-28", "2024-03-01T12:00:00") == (
        "2 days (0 weeks and 2 days; Wednesday to Friday)"
    )
    assert date_difference("2024-03-08", "2024-03-01").startswith("-7 days (-1 weeks and 0 days")


@pytest.mark.parametrize("text", ["", "tomorrow", "2024-02-30", "31.1.2024"])
def test_what_is_no_date_is_told_to_the_model(text: str) -> None:
    with pytest.raises(ToolError, match="is no date; write it as 2026-03-31"):
        shift_date(text)
