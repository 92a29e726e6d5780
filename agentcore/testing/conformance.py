"""The suites whose answers are known beforehand: for models in the process, and behind HTTP."""

from __future__ import annotations

from ..interfaces import LLM
from .answers import AnswerChecks
from .cancelling import CancelChecks
from .exchange import Exchange
from .failures import FailureChecks
from .requests import RequestChecks
from .server import MockServer
from .sharing import SharingChecks
from .streams import StreamChecks

__all__ = ["HTTPConformance", "LLMConformance"]


class LLMConformance(AnswerChecks, RequestChecks, CancelChecks, SharingChecks):
    """What every LLM has to do; the checks are methods, so that a test runner finds them.

    Name the subclass `Test...`, and write `make`. What a backend cannot do it declares in its
    `abilities`: then the suite checks that it is refused with a `ConfigurationError`.

    Example:
        >>> from agentcore.testing import FunctionLLM, LLMConformance
        >>> class TestFunctionLLM(LLMConformance):
        ...     def make(self, exchange):
        ...         return FunctionLLM(exchange.reply)
        >>> TestFunctionLLM().test_a_text_is_answered()
    """


class HTTPConformance(LLMConformance, FailureChecks, StreamChecks):
    """What every LLM behind an HTTP server has to do: `LLMConformance`, and failures and streams.

    Write `connect`, `whole`, `frames` and `breakdown`, and `refused` where the server's refusals
    look otherwise. A key that the backend takes is `MockServer.key`; its own retries are off.
    """

    def make(self, exchange: Exchange, /) -> LLM:
        """Return the LLM that `connect` makes."""
        return self.connect(MockServer(exchange, self))

    def connect(self, server: MockServer, /) -> LLM:
        """Return a new LLM whose HTTP client hands what it sends to `server.respond`."""
        raise NotImplementedError(f"{type(self).__name__} has to say how its LLM is made")
