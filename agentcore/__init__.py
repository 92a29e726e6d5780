"""agentcore: agents that perceive, think and act on the models you have.

Subclass `Agent`, give it a model and tools, run it. Planners are in `agentcore.planners`, tools in
`agentcore.tools`, memory in `agentcore.memory`, models in `agentcore.brain`, test models in
`agentcore.testing`.
"""

import logging

from .action import ToolSet, tool
from .agent import Agent
from .brain.registry import load_llm
from .completions import Abilities, Completion, LLMRequest, Sampling, TextDelta, ToolSpec
from .errors import (
    AgentCoreError,
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    CorruptStoreError,
    DivergenceError,
    LimitError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    MemoryStoreError,
    MissingExtraError,
    ModelNotFoundError,
    OutputParseError,
    PlanningError,
    RateLimitError,
    RunError,
    StepLimitError,
    TimeLimitError,
    TokenLimitError,
    ToolArgumentError,
    ToolCrashError,
    ToolError,
    ToolNotFoundError,
    ToolTimeoutError,
)
from .events import Cut, Decision, Event, MemoryHit
from .explanation import Explanation
from .extensions import ExampleStore, Explaining
from .interfaces import (
    LLM,
    Composite,
    Fetcher,
    Journal,
    Memory,
    ModelCalls,
    Probing,
    Sensor,
    SessionMemory,
    Splitter,
    Tool,
    ToolContext,
)
from .journal import MemoryJournal
from .messages import (
    AssistantMessage,
    ImagePart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    dump_messages,
    load_messages,
)
from .options import AgentOptions, RunContext, RunOptions
from .percepts import Observation, Percept, Span
from .planning import Branch, Node, Planner, Run, Task
from .results import Answer, Finished, MapItem, Partial, Pending, Result
from .usage import Budget, Usage
from .values import JsonObject, JsonValue
from .vectors import Embedder
from .version import __version__

__all__ = [
    "LLM",
    "Abilities",
    "Agent",
    "AgentCoreError",
    "AgentOptions",
    "Answer",
    "AssistantMessage",
    "AuthenticationError",
    "Branch",
    "Budget",
    "Completion",
    "Composite",
    "ConfigurationError",
    "ContextLengthError",
    "CorruptStoreError",
    "Cut",
    "Decision",
    "DivergenceError",
    "Embedder",
    "Event",
    "ExampleStore",
    "Explaining",
    "Explanation",
    "Fetcher",
    "Finished",
    "ImagePart",
    "Journal",
    "JsonObject",
    "JsonValue",
    "LLMError",
    "LLMRequest",
    "LLMTimeoutError",
    "LLMUnavailableError",
    "LimitError",
    "MapItem",
    "Memory",
    "MemoryHit",
    "MemoryJournal",
    "MemoryStoreError",
    "Message",
    "MissingExtraError",
    "ModelCalls",
    "ModelNotFoundError",
    "Node",
    "Observation",
    "OutputParseError",
    "Partial",
    "Pending",
    "Percept",
    "Planner",
    "PlanningError",
    "Probing",
    "RateLimitError",
    "Result",
    "Run",
    "RunContext",
    "RunError",
    "RunOptions",
    "Sampling",
    "Sensor",
    "SessionMemory",
    "Span",
    "Splitter",
    "StepLimitError",
    "SystemMessage",
    "Task",
    "TextDelta",
    "TextPart",
    "TimeLimitError",
    "TokenLimitError",
    "Tool",
    "ToolArgumentError",
    "ToolCall",
    "ToolContext",
    "ToolCrashError",
    "ToolError",
    "ToolMessage",
    "ToolNotFoundError",
    "ToolSet",
    "ToolSpec",
    "ToolTimeoutError",
    "Usage",
    "UserMessage",
    "__version__",
    "dump_messages",
    "load_llm",
    "load_messages",
    "tool",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
