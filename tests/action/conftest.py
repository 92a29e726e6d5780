from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from agentcore.interfaces import ToolContext

if TYPE_CHECKING:
    from agentcore.planning import Run


@pytest.fixture
def context() -> ToolContext[str]:
    """A context whose deps are a string; its run is for tools that do not use it."""
    return ToolContext(deps="ada", run=cast("Run", None), idempotency_key="run-1:act-1")
