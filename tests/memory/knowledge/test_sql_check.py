"""Only one SELECT over the known tables may run; whatever else is written is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore.memory import SQLRefusedError, check_sql

DIALECTS = ("sqlite", "duckdb")
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)

HOSTILE = [
    "",
    "not sql at all",
    "DROP TABLE book",
    "DELETE FROM book",
    "INSERT INTO book VALUES (1)",
    "UPDATE book SET title = 'x'",
    "CREATE TABLE other AS SELECT * FROM book",
    "SELECT 1; DROP TABLE book",
    "SELECT * FROM book; SELECT 2",
    "WITH gone AS (DELETE FROM book RETURNING *) SELECT * FROM gone",
    "WITH new AS (INSERT INTO book VALUES (1) RETURNING *) SELECT * FROM new",
    "SELECT * INTO other FROM book",
    "PRAGMA table_info(book)",
    "PRAGMA writable_schema = 1",
    "SELECT * FROM pragma_table_info('book')",
    "ATTACH 'other.db' AS other",
    "DETACH main",
    "VACUUM INTO 'copy.db'",
    "COPY book TO 'stolen.csv'",
    "COPY book FROM 'given.csv'",
    "EXPORT DATABASE 'folder'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "EXPLAIN SELECT * FROM book",
    "DESCRIBE book",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT read_text('/etc/passwd')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('x', 'y')",
    "SELECT load_extension('evil')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'data.parquet'",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('book')",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM main.sqlite_master",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM other",
    "SELECT * FROM elsewhere.book",
    "SELECT getenv('HOME')",
    "SELECT current_setting('home_directory')",
    "SELECT * FROM book WHERE title = (SELECT secret FROM vault)",
    "SELECT * FROM book UNION SELECT * FROM vault",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT unnest(range(1000000000))",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT repeat('x', 1000000000)",
    "SELECT * FROM book WHERE title = ?",
    "SELECT * FROM book WHERE title = $1",
    "WITH book2 AS (SELECT * FROM vault) SELECT * FROM book2",
    "WITH vault AS (SELECT * FROM vault) SELECT * FROM vault",
    "WITH a AS (SELECT * FROM vault), vault AS (SELECT 1) SELECT * FROM a",
    "SELECT (WITH x AS (SELECT 1) SELECT * FROM x), * FROM x",
    "SELECT '" + "x" * 20_000 + "'",
    "SELECT '\ud800' FROM book",
    "SELECT 'a\0b' FROM book",
]

HARMLESS = [
    "SELECT title FROM book",
    "SELECT count(*), upper(b.title) FROM book AS b GROUP BY 2 HAVING count(*) > 1 ORDER BY 1",
    "SELECT title FROM BOOK WHERE id IN (SELECT book_id FROM loan) LIMIT 3",
    "SELECT title FROM book UNION ALL SELECT due FROM loan",
    "WITH late AS (SELECT * FROM loan WHERE due < '2026') SELECT count(*) FROM late",
    "WITH a AS (SELECT * FROM loan), b AS (SELECT * FROM a) SELECT * FROM b",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n",
    "SELECT b.title, round(avg(l.days), 1) FROM book b JOIN loan l ON l.book_id = b.id GROUP BY 1",
    "SELECT row_number() OVER (ORDER BY title) FROM book",
    "SELECT CASE WHEN title LIKE '%;DROP%' THEN 'PRAGMA' ELSE title END FROM book",
    "(SELECT title FROM book)",
]


@each_dialect
@pytest.mark.parametrize("sql", HOSTILE)
def test_what_is_not_one_select_over_the_known_tables_is_refused(sql: str, dialect: str) -> None:
    with pytest.raises(SQLRefusedError):
        check_sql(sql, dialect=dialect, tables=["book", "loan"])


@each_dialect
@pytest.mark.parametrize("sql", HARMLESS)
def test_a_select_over_the_known_tables_may_run(sql: str, dialect: str) -> None:
    assert "SELECT" in check_sql(sql, dialect=dialect, tables=["book", "loan"])


@pytest.mark.parametrize("test", ["IN vault", "NOT IN vault", "IN main.vault", 'IN "vault"'])
def test_a_table_cannot_be_read_through_in_without_parentheses(test: str) -> None:
    with pytest.raises(SQLRefusedError, match="IN needs parentheses"):
        check_sql(f"SELECT * FROM book WHERE title {test}", dialect="sqlite", tables=["book"])  # noqa: S608  it shall be refused


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT lpad('a', 900000000, 'b')",
        "SELECT rpad('a', 900000000, 'b')",
        "SELECT space(900000000)",
        "SELECT printf('%900000000d', 1)",
        "SELECT format('{:900000000d}', 1)",
    ],
)
def test_functions_that_duckdb_cannot_bound_are_refused(sql: str) -> None:
    with pytest.raises(SQLRefusedError, match="is not allowed"):
        check_sql(sql, dialect="duckdb", tables=["book"])


def test_what_cannot_be_written_again_is_refused() -> None:
    with pytest.raises(SQLRefusedError, match="as it is understood here"):
        check_sql("SELECT datetime('now')", dialect="duckdb", tables=["book"])


def test_the_refusal_tells_the_model_which_tables_there_are() -> None:
    with pytest.raises(SQLRefusedError, match=r"no table 'books'; there are: book, loan"):
        check_sql("SELECT * FROM books", dialect="sqlite", tables=["loan", "book"])


def test_comments_do_not_reach_the_database() -> None:
    checked = check_sql("SELECT /* a */ title -- b\nFROM book", dialect="sqlite", tables=["book"])

    assert checked == "SELECT title FROM book"


@settings(max_examples=60)
@given(st.text(st.sampled_from("SELECT*FROMbook();,'\"-/ \n?1")))
def test_any_text_is_checked_or_refused(sql: str) -> None:
    try:
        checked = check_sql(sql, dialect="sqlite", tables=["book"])
    except SQLRefusedError:
        return
    assert check_sql(checked, dialect="sqlite", tables=["book"]) == checked
