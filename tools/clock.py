"""The time and the calendar.

Safety: nothing but the clock of the run is read, so that a replayed run is told the same time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..action import tool
from ..errors import ToolError
from ..interfaces import ToolContext

__all__ = ["current_time", "date_difference", "shift_date"]


@tool
async def current_time(context: ToolContext[Any], timezone: str = "UTC") -> str:
    """Tell the date, the time and the day of the week.

    Args:
        timezone: a name such as `Europe/Berlin` or `UTC`.

    Raises:
        ToolError: there is no such time zone.
    """
    now = (await context.run.now()).astimezone(_zone(timezone))
    return f"{now.isoformat(timespec='seconds')} ({now:%A}, week {now.isocalendar().week})"


@tool(effect="none")
def shift_date(start: str, days: int = 0, weeks: int = 0, months: int = 0, years: int = 0) -> str:
    """Tell the date that is some time after or before another, and its day of the week.

    Args:
        start: as `2026-03-31`.
        days: negative to go back; so with the others.
        months: the day is the last of the month where the month is shorter.

    Raises:
        ToolError: `start` is no date, or the other date is before the year 1 or after 9999.
    """
    try:
        moved = _shift_months(_date(start), years * 12 + months)
        then = moved + timedelta(days=days, weeks=weeks)
    except (OverflowError, ValueError) as error:
        raise ToolError("that date is before the year 1 or after 9999") from error
    return f"{then.isoformat()} ({then:%A})"


@tool(effect="none")
def date_difference(start: str, end: str) -> str:
    """Tell how many days lie between two dates; negative where the end is earlier.

    Args:
        start: as `2026-03-31`.
        end: as `2026-12-24`.

    Raises:
        ToolError: one of them is no date.
    """
    first, last = _date(start), _date(end)
    days = (last - first).days
    weeks, rest = divmod(abs(days), 7)
    sign = "-" if days < 0 else ""
    return f"{days} days ({sign}{weeks} weeks and {rest} days; {first:%A} to {last:%A})"


def _zone(name: str) -> ZoneInfo | Any:
    if name.upper() in {"UTC", "Z", "GMT"}:
        return UTC  # also where the system has no list of time zones
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:  # missing, a folder, or no name at all
        raise ToolError(
            f"there is no time zone {name!r}; write one such as 'Europe/Berlin' or 'UTC'"
        ) from error


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError as error:
        raise ToolError(f"{text!r} is no date; write it as 2026-03-31") from error


def _shift_months(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, min(start.day, 28))
