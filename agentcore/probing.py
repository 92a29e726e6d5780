"""`agentcore probe`: what a model really does, as a table."""

from __future__ import annotations

from pathlib import Path

from .brain.passport import Passport
from .brain.probed import Probed

__all__ = ["probe_model", "table_of"]


async def probe_model(name: str, *, is_fresh: bool, cache_dir: Path | None = None) -> Passport:
    """Return a model's passport: the one that is kept, or a new one.

    Raises:
        ConfigurationError: the name is no model's.
        LLMError: the server cannot be asked.
    """
    llm = Probed(name, cache_dir=cache_dir)
    try:
        if is_fresh:
            return await llm.probe_again()
        await llm.probe()
        assert llm.passport is not None  # noqa: S101 - it was just probed
        return llm.passport
    finally:
        await llm.aclose()


def table_of(passport: Passport) -> str:
    """Write a passport as lines: what was probed, the outcome, why; then what follows from it."""
    rows = [
        (name.replace("_", " "), finding.outcome, finding.why)
        for name, finding in passport.findings.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{passport.name} ({passport.identity})", ""]
    lines += [f"{name:{width}}  {outcome:7}  {why}" for name, outcome, why in rows]
    can = passport.abilities
    output = "schema" if can.json_schema else "tool" if can.tools else "prompt, with repair"
    used = passport.usage
    return "\n".join(
        [
            *lines,
            "",
            f"planner: {'ToolCalling' if can.tools else 'ReAct'}",
            f"typed output: {output}",
            f"window: {can.context_tokens or 'not known'} tokens",
            f"cost: {used.steps} calls, {used.input_tokens} tokens in, {used.output_tokens} out",
        ]
    )
