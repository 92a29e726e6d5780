from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from agentcore import Agent, ConfigurationError, ToolError, ToolTimeoutError
from agentcore.databases import SQLRows
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import Database

SCHEMA = "CREATE TABLE book (title TEXT, year INTEGER)"
ROWS = "INSERT INTO book VALUES ('Dune', 1965), ('Ubik', 1969), ('Solaris', 1961)"


def make_sqlite(folder: Path) -> Path:
    path = folder / "a#b?c.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute(SCHEMA)
        file.execute(ROWS)
        file.execute("CREATE VIEW old AS SELECT * FROM book WHERE year < 1965")
        file.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
        file.commit()
    return path


def make_duckdb(folder: Path) -> Path:
    path = folder / "file.db"
    with closing(duckdb.connect(str(path))) as file:
        file.execute(SCHEMA)
        file.execute(ROWS)
        file.execute("CREATE VIEW old AS SELECT * FROM book WHERE year < 1965")
        file.execute("CREATE SEQUENCE numbers")
    return path


MAKERS = [make_sqlite, make_duckdb]


@pytest.fixture(params=MAKERS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Callable[[Path], Path] = request.param
    return make(tmp_path)


async def test_rows_reach_the_model(path: Path) -> None:
    sql = "SELECT title, year FROM book WHERE year > 1964 ORDER BY year"
    llm = ScriptedLLM(call("list_tables"), call("query_database", sql=sql), "Two.")

    await Agent(llm=llm, tools=[Database(path)]).run("Which are of 1965 or later?")

    tables = str(llm.requests[1].messages[-1].content)
    assert "CREATE TABLE book" in tables
    assert "CREATE VIEW" in tables
    rows = llm.requests[2].messages[-1].content
    assert rows == '["title", "year"]\n["Dune", 1965]\n["Ubik", 1969]'


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT 1 AS n UNION SELECT 2) SELECT sum(n) FROM a",
        "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT 2 FROM a WHERE n = 1) SELECT 3 LIMIT 1",
        "SELECT count(*) FROM book;",
        "SELECT count(*) FROM old -- a comment",
    ],
)
def test_what_reads_is_run(path: Path, sql: str) -> None:
    assert Database(path).query_database(sql).splitlines()[1] in {"[3]", "[1]"}


WRITES = [
    "INSERT INTO book VALUES ('x', 1)",
    "UPDATE book SET year = 1",
    "DELETE FROM book",
    "REPLACE INTO book VALUES ('x', 1)",
    "DROP TABLE book",
    "ALTER TABLE book RENAME TO books",
    "CREATE TABLE x (a INTEGER)",
    "CREATE TEMP TABLE x (a INTEGER)",
    "CREATE TEMP VIEW x AS SELECT 1",
    "CREATE TABLE x AS SELECT * FROM book",
    "CREATE INDEX i ON book (title)",
    "WITH a AS (SELECT 1) INSERT INTO book SELECT 'x', 1 FROM a",
    "WITH a AS (SELECT 1) DELETE FROM book",
    "WITH a AS (DELETE FROM book RETURNING *) SELECT * FROM a",
    "INSERT INTO book VALUES ('x', 1) RETURNING title",
    "PRAGMA user_version = 3",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA temp_store_directory = '/tmp'",
    "ATTACH '{out}' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '{out}'",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT a",
    "REINDEX",
    "ANALYZE",
    "CHECKPOINT",
    "COPY book TO '{out}'",
    "COPY (SELECT 1) TO '{out}' (FORMAT csv)",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "EXPLAIN ANALYZE DELETE FROM book",
    "SET memory_limit = '9GB'",
    "RESET lock_configuration",
    "SET VARIABLE a = 1",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{out}'",
    "CALL force_checkpoint()",
    "USE memory",
    "PREPARE a AS DELETE FROM book",
    "EXECUTE a",
    "SELECT nextval('numbers')",
    "SELECT load_extension('{out}')",
    "SELECT * FROM query('DELETE FROM book')",
    "SELECT writefile('{out}', 'x')",
    "INSERT INTO words(words) VALUES ('rebuild')",
    "SELECT fts3_tokenizer('simple', x'00')",
    "SELECT 1; DROP TABLE book",
    "SELECT 1; SELECT 2",
    "DROP TABLE book; SELECT 1",
    "/* SELECT */ DROP TABLE book",
    "SELECT 1 INTO x",
    "UPDATE EXTENSIONS",
]
READS_OF_WHAT_IS_NOT_IN_IT = [
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM glob('{secret}')",
    "SELECT readfile('{secret}')",
    "SELECT * FROM sqlite_scan('{secret}', 'x')",
    "SELECT getenv('HOME')",
]
NO_STATEMENTS = [
    "",
    "  ;",
    "-- nothing",
    "SELEC 1",
    "SELECT ?",
    "SELECT $a",
    "\0",
    "\ud800",
]


@pytest.mark.parametrize("sql", WRITES)
def test_every_way_to_write_is_refused(path: Path, sql: str, tmp_path: Path) -> None:
    before, files = path.read_bytes(), set(tmp_path.iterdir())
    database = Database(path)

    with pytest.raises(ToolError):
        database.query_database(sql.format(out=tmp_path / "out"))

    assert path.read_bytes() == before
    assert set(tmp_path.iterdir()) == files
    assert database.query_database("SELECT count(*) FROM book").endswith("[3]")


@pytest.mark.parametrize("sql", READS_OF_WHAT_IS_NOT_IN_IT)
def test_nothing_but_the_database_can_be_read(path: Path, sql: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\nhidden,1\n")

    with pytest.raises(ToolError) as caught:
        Database(path).query_database(sql.format(secret=secret))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("sql", NO_STATEMENTS)
def test_what_is_no_statement_is_told_to_the_model(path: Path, sql: str) -> None:
    with pytest.raises(ToolError):
        Database(path).query_database(sql)


def test_a_query_that_takes_too_long_is_stopped(path: Path) -> None:
    endless = "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT sum(n) FROM a"

    with pytest.raises(ToolTimeoutError, match=r"longer than 0\.1 s and was stopped"):
        Database(path, timeout_s=0.1).query_database(endless)


def test_rows_are_bounded(path: Path) -> None:
    shown = Database(path, max_rows=2).query_database("SELECT title FROM book ORDER BY year")

    assert shown.splitlines() == [
        '["title"]',
        '["Solaris"]',
        '["Dune"]',
        "(only the first 2 rows are shown: ask for fewer, or for a sum)",
    ]


def test_characters_are_bounded(path: Path) -> None:
    shown = Database(path, max_chars=30).query_database("SELECT title FROM book ORDER BY year")

    assert "(only the first 2 rows" in shown
    assert "CREATE" in Database(path, max_chars=60).list_tables()
    assert "(cut: the database has" in Database(path, max_chars=60).list_tables()


def test_values_that_json_lacks_are_said_in_words(path: Path) -> None:
    sql = (
        "SELECT NULL AS a, 1e999 AS b, 0.5 AS c"
        if path.name != "file.db"
        else ("SELECT NULL AS a, 'inf'::DOUBLE AS b, 0.5::DOUBLE AS c")
    )

    assert Database(path).query_database(sql).splitlines()[1] == '[null, "inf", 0.5]'
    assert Database(path).query_database("SELECT 1 AS a WHERE 1 = 0") == '["a"]\n(no rows)'


def test_values_without_end_are_refused_or_cut(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="too big"):
        Database(make_sqlite(tmp_path)).query_database("SELECT zeroblob(1000000000)")
    with pytest.raises(ToolError, match="the database says"):
        Database(make_duckdb(tmp_path)).query_database("SELECT repeat('x', 10000000000)")


def test_text_that_is_no_utf8_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    path = make_sqlite(tmp_path)

    shown = Database(path).query_database("SELECT CAST(x'41ff' AS TEXT) AS a, x'41ff' AS b")

    assert shown.splitlines()[1] == '["A\ufffd", "[2 bytes]"]'


def test_a_source_of_ones_own_is_asked(tmp_path: Path) -> None:
    class Fixed:
        dialect = "fixed"

        def __init__(self) -> None:
            self.asked: list[tuple[str, int, float]] = []

        def tables(self) -> dict[str, str]:
            return {}

        def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
            self.asked.append((sql, max_rows, timeout_s))
            return ("a",), ((1,),)

    source = Fixed()
    database = Database(source, max_rows=7, timeout_s=2)

    assert database.query_database("?") == '["a"]\n[1]'
    assert database.list_tables() == "(the database has no tables)"
    assert source.asked == [("?", 8, 2)]


def test_what_is_no_database_is_the_mistake_of_who_gave_it(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, but a text that is long enough\n" * 50)

    with pytest.raises(ConfigurationError, match="is no file"):
        Database(tmp_path / "missing")
    with pytest.raises(ConfigurationError, match="cannot be read: file is not a database"):
        Database(tmp_path / "text").query_database("SELECT 1")
    with pytest.raises(ConfigurationError, match="all must be over 0"):
        Database(tmp_path / "text", timeout_s=0)
