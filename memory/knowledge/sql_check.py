"""Which SQL may run: one SELECT over known tables, with functions that only compute."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ...errors import MissingExtraError, ToolError

__all__ = ["SQLRefusedError", "check_sql"]

_MOST_CHARS = 10_000

_PURE = frozenset(
    {
        *("char", "concat_ws", "datetime", "glob", "hex", "instr", "julianday", "len", "mean"),
        *("mode", "nullif", "octet_length", "printf", "regexp_matches", "strftime", "substring"),
        *("total", "typeof", "unicode", "unixepoch"),
    }
)
"""Functions that sqlglot has no class for, and that read nothing but their arguments."""

_WIDENING = frozenset({"Format", "Pad", "Space", "printf"})
"""They make gigabytes out of one row: DuckDB has no limit for that, and is not interrupted there,
while SQLite makes no value longer than its source lets it."""

_CATALOGUES = ("sqlite_", "pragma_", "duckdb_", "information_schema", "pg_")


class SQLRefusedError(ToolError):
    """The SQL is not one SELECT over the known tables; the message tells the model why."""


def check_sql(sql: str, *, dialect: str, tables: Collection[str]) -> str:
    """Return the statement without comments, if it may run.

    The whole tree is checked against what is allowed: one SELECT (or a UNION, INTERSECT, EXCEPT of
    some), from the tables named or its own WITH clauses, with functions that sqlglot knows and that
    read no files. A source still opens its database read-only: this is the first of two fences.

    Args:
        dialect: `sqlite` or `duckdb`.
        tables: What may be read; without regard to case.

    Raises:
        SQLRefusedError: it may not run; the message says what to change.
        MissingExtraError: sqlglot is not installed.

    Example:
        >>> check_sql("SELECT title FROM book -- all", dialect="sqlite", tables=["book"])
        'SELECT title FROM book'
        >>> check_sql("DROP TABLE book", dialect="sqlite", tables=["book"])
        Traceback (most recent call last):
        agentcore.memory.knowledge.sql_check.SQLRefusedError: this is a DROP: write one SELECT
    """
    tree = _parse(sql, dialect)
    known = {name.casefold() for name in tables}
    for node in tree.walk():
        problem = _problem(node, known, dialect)
        if problem:
            raise SQLRefusedError(problem)
    try:
        text: str = tree.sql(dialect=dialect, comments=False)
    except Exception as error:  # sqlglot raises whatever it stumbles over
        raise SQLRefusedError(f"this is no {dialect} as it is understood here: {error}") from error
    return text


def _parse(sql: str, dialect: str) -> Any:
    try:
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError
    except ImportError as error:
        raise MissingExtraError(
            "questions in SQL", "pip install 'agentcore-framework[knowledge]'"
        ) from error
    if len(sql) > _MOST_CHARS:
        raise SQLRefusedError(f"this has {len(sql)} characters: write one short SELECT")
    if "\0" in sql or sql.encode(errors="ignore").decode() != sql:
        raise SQLRefusedError("this holds a NUL character or half of a surrogate pair: remove it")
    try:
        statements = [item for item in sqlglot.parse(sql, dialect=dialect) if item is not None]
    except (SqlglotError, RecursionError) as error:
        raise SQLRefusedError(f"this cannot be parsed as SQL: {error}") from error
    if len(statements) != 1:
        raise SQLRefusedError(f"these are {len(statements)} statements: write one SELECT")
    tree = statements[0]
    while isinstance(tree, exp.Subquery):
        tree = tree.this
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise SQLRefusedError(f"this is a {type(tree).__name__.upper()}: write one SELECT")
    return tree


def _problem(node: Any, known: set[str], dialect: str) -> str | None:
    """Say what is not allowed about a node of the tree; None: nothing."""
    from sqlglot import exp

    writes = exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Create | exp.Drop | exp.Copy
    if isinstance(node, writes | exp.Command | exp.Into | exp.Lock | exp.Pragma):
        return f"{type(node).__name__.upper()} is not allowed: only read"
    is_dollar = isinstance(node, exp.Identifier | exp.Column) and node.name.startswith("$")
    if is_dollar or isinstance(node, exp.Parameter | exp.Placeholder | exp.SessionParameter):
        return "parameters are not allowed: write the values into the SELECT"
    if isinstance(node, exp.Table):
        return _table_problem(node, known | set(_own_names(node)))
    if isinstance(node, exp.In) and dialect == "sqlite" and node.args.get("field"):
        return "IN needs parentheses: without them SQLite takes the name for that of a table"
    if isinstance(node, exp.Func):
        return _function_problem(node, dialect)
    return None


def _own_names(node: Any) -> Iterator[str]:
    """The names of the WITH clauses that a node sees: inside of one, those of the ones before.

    `WITH a AS (SELECT * FROM a)` reads the table, not itself; only a recursive one sees itself.
    """
    from sqlglot import exp

    inside = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        if isinstance(node, exp.Query):
            clause = node.args.get("with_") or node.args.get("with")  # it was renamed
            is_recursive = clause is not None and bool(clause.args.get("recursive"))
            for item in node.ctes:
                if item is inside and not is_recursive:
                    break
                yield str(item.alias).casefold()
        node = node.parent


def _table_problem(table: Any, known: set[str]) -> str | None:
    from sqlglot import exp

    name = str(table.name)
    if not isinstance(table.this, exp.Identifier):
        return f"{table.this.sql()[:80]} is no table: functions that make tables are not allowed"
    if table.args.get("db") or table.args.get("catalog"):
        return f"{table.sql()[:80]} names a database: name the table alone"
    if name.casefold() not in known or name.casefold().startswith(_CATALOGUES):
        there = ", ".join(sorted(known)) or "none"
        return f"there is no table {name!r}; there are: {there}"
    return None


def _function_problem(function: Any, dialect: str) -> str | None:
    from sqlglot import exp

    refused = _REFUSED | _WIDENING if dialect == "duckdb" else _REFUSED
    if isinstance(function, exp.Anonymous | exp.AnonymousAggFunc):
        shown = str(function.name)
        is_refused = shown.casefold() not in _PURE - refused
    else:
        shown, name = function.sql_name(), type(function).__name__
        is_refused = name.startswith(_REFUSED_KINDS) or name in refused
    return f"the function {shown} is not allowed" if is_refused else None


_REFUSED_KINDS = ("Read", "Generate", "Rand", "Current", "Session")
_REFUSED = frozenset(
    {"Explode", "ExplodeOuter", "Posexplode", "Unnest", "Uuid", "Repeat", "Inline"}
)
"""They make rows or text without bound, or answer differently each time."""
