"""Uses an installed agentcore as a stranger does; run by .ci/check-wheel in a fresh environment."""

from __future__ import annotations

import importlib
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from agentcore import Agent, __version__, tool
from agentcore.testing import ScriptedLLM, call

PARTS = ("action", "brain", "memory", "perception", "planners", "tools")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def main() -> None:
    """Check what was installed and run an agent."""
    installed = distribution("agentcore-framework")
    assert installed.version == __version__
    tops = [name for name, owners in packages_distributions().items() if installed.name in owners]
    assert tops == ["agentcore"], tops
    for part in PARTS:
        module = importlib.import_module(f"agentcore.{part}")
        assert "site-packages" in Path(str(module.__file__)).parts, module.__file__
        assert find_spec(part) is None, f"the wheel installs a top-level {part!r}"
    llm = ScriptedLLM(call("add", a=2, b=3), "It is 5.")
    result = Agent(llm=llm, tools=[add]).run_sync("2 + 3?")
    assert result.output == "It is 5.", result
    print(f"agentcore {__version__}: installed from the wheel, all parts present, an agent ran")


main()
