from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from agentcore import Agent, __version__
from agentcore.cli import PAUSED, load_agent, main
from agentcore.doctor import examine

CLERKS = '''
from agentcore import Agent, tool
from agentcore.planners import ReAct
from agentcore.testing import ScriptedLLM, call

@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)

class Clerk(Agent):
    """You answer."""
    llm = ScriptedLLM("There are 7.")

class Counter(Agent[int]):
    llm = ScriptedLLM(call("count", shelf="ab"), "Two.", '{"value": 2}')
    tools = (count,)

class Thinker(Agent):
    llm = ScriptedLLM('{"thought": "easy", "action": "final_answer", "answer": "Two."}')
    planner = ReAct()
    tools = (count,)

class Unset(Agent):
    pass

@tool(needs_approval=True)
def lend(title: str) -> None:
    """Lend a book."""

class Lender(Agent):
    llm = ScriptedLLM(call("lend", title="Dune"))
    tools = (lend,)

clerk = Clerk(llm=ScriptedLLM("I am an object."))
SHELVES = 3
'''


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clerks.py").write_text(CLERKS)
    (tmp_path / "needy.py").write_text("import no_such_dependency\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("clerks", "needy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    return capsys.readouterr().err


def test_a_class_is_run_on_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "clerks:Clerk", "How many?"]) == 0

    printed = capsys.readouterr()
    assert printed.out == "There are 7.\n"
    assert printed.err.startswith("answered in ")
    assert "1 model calls, 0 tool calls" in printed.err


def test_an_object_is_run_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "clerks:clerk", "Who are you?"]) == 0

    assert capsys.readouterr().out == "I am an object.\n"


def test_the_task_is_read_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("How many?"))

    assert main(["run", "clerks:Clerk"]) == 0
    assert capsys.readouterr().out == "There are 7.\n"


def test_a_typed_output_is_printed_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "clerks:Counter", "How many?"]) == 0

    assert capsys.readouterr().out == "2\n"


def test_only_the_answer_of_an_action_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "clerks:Thinker", "How many?"]) == 0

    assert capsys.readouterr().out == "Two.\n"


def test_a_trace_shows_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "clerks:Counter", "How many?", "--trace"]) == 0

    traced = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines() if "[" in line]
    assert [" ".join(line.split()[:2]) for line in traced] == [
        "started start",
        "thought think-1",
        "acted act-1",
        "thought think-2",
        "thought answer/think-1",
        "answered end",
    ]
    assert traced[1].endswith('count({"shelf": "ab"})')
    assert traced[2].endswith("-> 2")


def test_a_paused_run_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "clerks:Lender", "Dune, please."]) == PAUSED

    assert 'waits for approval act-1: lend({"title": "Dune"})' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("clerks", "write module:name"),
        (":Clerk", "write module:name"),
        ("clerks:", "write module:name"),
        ("./clerks.py:Clerk", "write module:name"),
        ("nowhere:Clerk", "No module named 'nowhere'"),
        ("needy:Clerk", "No module named 'no_such_dependency'"),
        ("clerks:Clark", "has no attribute 'Clark'"),
        ("clerks:SHELVES", "'SHELVES' in clerks is 3"),
        ("clerks:Unset", "has no model"),
    ],
)
def test_what_is_no_agent_is_named(
    capsys: pytest.CaptureFixture[str], path: str, reason: str
) -> None:
    told = failure(capsys, "run", path, "task")

    assert told.startswith("ConfigurationError: ")
    assert reason in told


def test_an_empty_task_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing to perceive" in failure(capsys, "run", "clerks:Clerk", "")


def test_an_unknown_model_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "olama" in failure(capsys, "run", "clerks:Clerk", "task", "--llm", "olama:qwen3")


def test_an_object_does_not_change_its_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert "leave --llm out" in failure(capsys, "run", "clerks:clerk", "task", "--llm", "ollama:a")


def test_a_class_gets_the_model_that_is_named() -> None:
    agent = load_agent("clerks:Clerk", llm="ollama:qwen3:4b")

    assert isinstance(agent, Agent)
    assert agent.llm == "ollama:qwen3:4b"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"agentcore {__version__}\n"


def asked(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[list[str], str]:
    """The addresses that the doctor asks, and its page."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    addresses: list[str] = []

    def ask(url: str) -> str:
        addresses.append(url)
        return "reachable"

    page = examine(ask)
    return addresses, page


def test_the_doctor_says_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    _, page = asked(monkeypatch)

    assert page.startswith(f"agentcore {__version__}, Python 3.")
    assert "pydantic 2." in page


def test_the_doctor_asks_the_servers_of_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses, page = asked(monkeypatch, VLLM_BASE_URL="http://gpu-box:8000/v1")

    assert "http://127.0.0.1:11434/api/version" in addresses
    assert "http://localhost:1234/v1/models" in addresses
    assert not [url for url in addresses if "openai" in url or "gpu-box" in url]
    assert "  ollama     127.0.0.1:11434    reachable" in page.splitlines()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434/api/version"),
        ("127.0.0.1", "http://127.0.0.1:11434/api/version"),
        ("localhost:5000", "http://localhost:5000/api/version"),
        ("0.0.0.0:5000", "http://0.0.0.0:5000/api/version"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/api/version"),
    ],
)
def test_the_doctor_reads_the_address_of_ollama_as_ollama_does(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    addresses, _ = asked(monkeypatch, OLLAMA_HOST=host)

    assert [url for url in addresses if url.endswith("/api/version")] == [address]


def test_the_doctor_asks_no_ollama_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses, _ = asked(monkeypatch, OLLAMA_HOST="gpu-box")

    assert not [url for url in addresses if "gpu-box" in url]


def test_the_doctor_tells_whether_a_key_is_set_and_never_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, page = asked(monkeypatch, OPENAI_API_KEY="sk-very-secret")

    lines = [line.split() for line in page.splitlines()]
    assert ["OPENAI_API_KEY", "set"] in lines
    assert ["OPENROUTER_API_KEY", "not", "set"] in lines
    assert "secret" not in page


@pytest.mark.slow
def test_the_doctor_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0

    assert "servers on this machine:" in capsys.readouterr().out
