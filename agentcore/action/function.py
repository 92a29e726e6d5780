"""Makes a tool of a function or of a bound method, and calls it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..completions import ToolSpec
from ..errors import ConfigurationError
from ..interfaces import Effect, ToolContext
from ..values import JsonValue
from .parameters import describe, is_function
from .schema import Signature, signature_of
from .threads import run_in_thread
from .tool import ToolOptions, options_of

__all__ = ["FunctionTool"]


@dataclass(frozen=True, slots=True, repr=False)
class FunctionTool:
    """A `Tool` that calls a function. Make it with `FunctionTool.of`.

    An async function is awaited; a sync one runs in a thread, which cannot be stopped: after a
    time-out, or when the run is cancelled, it runs to its end and its result is dropped.
    """

    function: Callable[..., object]
    """The function, bound where it is a method."""
    signature: Signature

    @classmethod
    def of(
        cls, function: Callable[..., object], *, options: ToolOptions | None = None
    ) -> FunctionTool:
        """Make a tool of a function, marked by `@tool` or not, or of a bound method.

        Args:
            function: its signature and docstring are what the model sees.
            options: go before those of `@tool`.

        Raises:
            ConfigurationError: this is no function, or it cannot be a tool.
        """
        if not inspect.ismethod(function) and not is_function(function):
            raise ConfigurationError(
                f"{function!r} cannot be a tool; give a function, a bound method, or an object "
                "with the attributes of agentcore.interfaces.Tool"
            )
        chosen = options or options_of(function) or ToolOptions()
        if chosen.name is None:
            chosen = replace(chosen, name=function.__name__)
        return cls(function, signature_of(function, chosen))

    @property
    def spec(self) -> ToolSpec:
        """Name, description and argument schema, as the model sees them."""
        return self.signature.spec

    @property
    def effect(self) -> Effect:
        """What a call does to the world."""
        return self.signature.options.effect

    @property
    def idempotent(self) -> bool:
        """Whether a `write` may be repeated with the same idempotency key."""
        return self.signature.options.idempotent

    @property
    def needs_approval(self) -> bool:
        """Whether a person must approve each call."""
        return self.signature.options.needs_approval

    @property
    def timeout_s(self) -> float | None:
        """Seconds that one call may take; None: no bound of its own."""
        return self.signature.options.timeout_s

    async def call(self, arguments: Mapping[str, JsonValue], context: ToolContext[Any]) -> object:
        """Validate the arguments and call the function with them.

        Raises:
            ToolArgumentError: the arguments do not fit.
            ConfigurationError: the function wants other deps than the run was started with.
        """
        values = self.signature.validate(arguments)
        for name, kind in self.signature.contexts.items():
            self._check_deps(kind, context)
            values[name] = context
        if inspect.iscoroutinefunction(self.function):
            return await self.function(**values)
        function = partial(self.function, **values)
        result = await run_in_thread(function)
        return await result if inspect.isawaitable(result) else result

    def __repr__(self) -> str:
        return f"FunctionTool({describe(self.function)})"

    def _check_deps(self, kind: Any, context: ToolContext[Any]) -> None:
        if isinstance(context.deps, kind):
            return
        wanted = getattr(kind, "__name__", str(kind))
        raise ConfigurationError(
            f"{describe(self.function)} takes ToolContext[{wanted}], and the deps of this run are "
            f"of type {type(context.deps).__name__}; start it with run(..., deps={wanted}(...))"
        )
