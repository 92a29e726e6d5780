"""Behind the check each database is read-only and bounded by itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from agentcore import ConfigurationError, ToolError
from agentcore.errors import ToolTimeoutError
from agentcore.memory import DuckDBSource, SQLiteSource, SQLSource

SCRIPT = """
CREATE TABLE book (title TEXT, price REAL);
INSERT INTO book VALUES ('Dune', 9.5), ('Emma', 4);
"""
BOMB = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n, n AS m"
)


def sqlite_file(folder: Path) -> Path:
    path = folder / "shop.db"
    database = sqlite3.connect(path)
    database.executescript(SCRIPT)
    database.close()
    return path


def duckdb_file(folder: Path) -> Path:
    path = folder / "shop.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(SCRIPT)
    return path


@pytest.fixture(params=["sqlite", "duckdb"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> SQLSource:
    if request.param == "sqlite":
        return SQLiteSource(sqlite_file(tmp_path))
    return DuckDBSource(duckdb_file(tmp_path))


def test_tables_are_shown_as_they_were_made(source: SQLSource) -> None:
    tables = source.tables()

    assert list(tables) == ["book"]
    assert "CREATE TABLE book" in tables["book"]
    assert "title" in tables["book"]


def test_a_select_is_answered(source: SQLSource) -> None:
    columns, rows = source.query(
        "SELECT title, price FROM book ORDER BY title", max_rows=9, timeout_s=5
    )

    assert columns == ("title", "price")
    assert rows == (("Dune", 9.5), ("Emma", 4.0))


def test_no_more_rows_come_than_were_asked_for(source: SQLSource) -> None:
    assert len(source.query("SELECT * FROM book", max_rows=1, timeout_s=5)[1]) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO book VALUES ('x', 1)",
        "DELETE FROM book",
        "DROP TABLE book",
        "CREATE TABLE other (a INT)",
        "ATTACH 'other.db' AS other",
        "SELECT nonsense FROM book",
    ],
)
def test_what_is_no_reading_is_refused_by_the_database_itself(source: SQLSource, sql: str) -> None:
    with pytest.raises(ToolError, match="the database says"):
        source.query(sql, max_rows=9, timeout_s=5)

    assert source.query("SELECT count(*) FROM book", max_rows=9, timeout_s=5)[1] == ((2,),)


def test_an_endless_query_is_stopped_at_its_time(source: SQLSource) -> None:
    with pytest.raises(ToolTimeoutError, match=r"longer than 0\.2 s"):
        source.query(BOMB, max_rows=9, timeout_s=0.2)


def test_sqlite_gives_no_pragma_and_no_huge_value(tmp_path: Path) -> None:
    source = SQLiteSource(sqlite_file(tmp_path))

    for sql in ("PRAGMA user_version = 7", "SELECT randomblob(900000000)", "VACUUM INTO 'x.db'"):
        with pytest.raises(ToolError, match="the database says"):
            source.query(sql, max_rows=9, timeout_s=5)


def test_duckdb_reaches_no_files_and_keeps_its_settings(tmp_path: Path) -> None:
    source = DuckDBSource(duckdb_file(tmp_path))
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")

    for sql in (
        f"SELECT * FROM read_csv('{secret}')",  # noqa: S608  it shall be refused
        f"SELECT * FROM '{secret}'",  # noqa: S608  idem
        f"COPY book TO '{tmp_path / 'stolen.csv'}'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises(ToolError, match="the database says"):
            source.query(sql, max_rows=9, timeout_s=5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "shop.duckdb"]


def test_rows_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    source = SQLiteSource(sqlite_file(tmp_path))
    wide = ", ".join(["printf('%.900000c', 'x')"] * 7)

    with pytest.raises(ToolError, match=r"over 10,000,000 characters"):
        source.query(f"SELECT {wide} FROM book", max_rows=9, timeout_s=5)  # noqa: S608  our own


def test_sql_that_sqlite_itself_cannot_take_is_an_error_for_the_model(tmp_path: Path) -> None:
    source = SQLiteSource(sqlite_file(tmp_path))

    with pytest.raises(ToolError, match="the database says"):
        source.query("SELECT 'a\0b'", max_rows=9, timeout_s=5)


def test_values_that_json_has_not_become_text(tmp_path: Path) -> None:
    source = DuckDBSource(duckdb_file(tmp_path))

    _, rows = source.query("SELECT DATE '2026-11-21', 'ab'::BLOB", max_rows=9, timeout_s=5)

    assert rows == (("2026-11-21", "[2 bytes]"),)


@pytest.mark.parametrize("kind", [SQLiteSource, DuckDBSource])
def test_a_file_that_is_not_there_is_refused_and_not_made(
    kind: type[SQLiteSource | DuckDBSource], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="is no file"):
        kind(tmp_path / "none.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [SQLiteSource, DuckDBSource])
def test_a_file_that_is_no_database_is_named(
    kind: type[SQLiteSource | DuckDBSource], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database" * 100)

    with pytest.raises(ConfigurationError, match=r"notes\.txt cannot be read"):
        kind(path).tables()
