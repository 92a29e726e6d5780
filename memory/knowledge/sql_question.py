"""Query construction: a question becomes a SELECT, is checked, and is run."""

from __future__ import annotations

import asyncio

from ...databases import SQLSource
from ...errors import ConfigurationError, OutputParseError, PlanningError, ToolError
from ...jsontext import parse_json
from ...messages import AssistantMessage, Message, SystemMessage, UserMessage
from ...planning import Run
from ...values import JsonObject, JsonValue, Value
from .sql_check import check_sql

__all__ = ["SQLAnswer", "SQLKnowledge"]


class SQLAnswer(Value):
    """What a database said to a question."""

    sql: str
    """The SELECT that was run."""
    columns: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    is_cut: bool = False
    """Whether there were more rows than were asked for."""


class SQLKnowledge:
    """Answers questions from a database, in SQL that the model of the run writes.

    The model is shown the tables as `CREATE TABLE` statements. Its SQL is checked before it runs
    (see `check_sql`) and runs read-only, bounded in rows and seconds. Where it is refused, or the
    database reports an error, the model is told so and asked again.

    Costs 1 model call, and at most `max_attempts`. A run that is replayed makes the recorded calls
    again, and asks the database anew.

    Args:
        source: The database.
        max_rows: The most rows of an answer.
        timeout_s: The most seconds of a query.
        max_attempts: How often the model may write the SQL of one question.
        notes: What the model should know of the data and the tables do not say.
    """

    def __init__(
        self,
        source: SQLSource,
        *,
        max_rows: int = 100,
        timeout_s: float = 5.0,
        max_attempts: int = 3,
        notes: str = "",
    ) -> None:
        if max_rows < 1 or max_attempts < 1 or timeout_s <= 0:
            raise ConfigurationError(
                f"max_rows is {max_rows}, max_attempts {max_attempts}, timeout_s {timeout_s}: the "
                "first two must be at least 1, and the last over 0"
            )
        self._source, self._notes = source, notes
        self._max_rows, self._timeout_s, self._max_attempts = max_rows, timeout_s, max_attempts

    async def ask(self, question: str, *, run: Run) -> SQLAnswer:
        """Answer a question.

        Raises:
            PlanningError: the last attempt was no better; the message has its SQL and why.
            LimitError: the budget of the run is used up.
        """
        tables = await asyncio.to_thread(self._source.tables)
        messages = self._first_messages(question, tables)
        problem = reply = ""
        for _ in range(self._max_attempts):
            reply = (await run.think(messages, output_schema=_SCHEMA)).text
            try:
                return await asyncio.to_thread(self._answer, reply, list(tables))
            except ToolError as error:
                problem = str(error)
            messages += [AssistantMessage(content=reply), UserMessage(content=_again(problem))]
        raise PlanningError(
            f"no SQL that runs was found for {question!r} in {self._max_attempts} attempts; the "
            f"last was {reply!r}: {problem}"
        )

    def _first_messages(self, question: str, tables: dict[str, str]) -> list[Message]:
        schema = "\n".join(tables.values())
        parts = [_INSTRUCTION.format(dialect=self._source.dialect), schema, self._notes, _FORM]
        return [
            SystemMessage(content="\n\n".join(part for part in parts if part)),
            UserMessage(content=question),
        ]

    def _answer(self, reply: str, tables: list[str]) -> SQLAnswer:
        sql = check_sql(_read(reply), dialect=self._source.dialect, tables=tables)
        columns, rows = self._source.query(
            sql, max_rows=self._max_rows + 1, timeout_s=self._timeout_s
        )
        return SQLAnswer(
            sql=sql,
            columns=columns,
            rows=rows[: self._max_rows],
            is_cut=len(rows) > self._max_rows,
        )


_INSTRUCTION = (
    "Write one SELECT in the SQL of {dialect} that answers the user's question from these tables. "
    "Nothing but SELECT is run, and only over these tables."
)
_FORM = 'Answer with one JSON object: {"sql": "SELECT ..."}.'
_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"sql": {"type": "string"}},
    "required": ["sql"],
    "additionalProperties": False,
}


def _again(problem: str) -> str:
    return f"That was not run: {problem}\nWrite the SELECT again, mended. {_FORM}"


def _read(reply: str) -> str:
    try:
        value: JsonValue = parse_json(reply)
    except OutputParseError:
        return reply  # a model without JSON may still write SQL: the check decides
    sql = value.get("sql") if isinstance(value, dict) else None
    if not isinstance(sql, str):
        raise ToolError(f"the answer has no text under `sql`: {reply[:200]!r}")
    return sql
