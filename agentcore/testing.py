"""Test doubles that are shipped: models whose answers you write, to test your agent without one."""

from .brain.scripted import FunctionLLM, Reply, ScriptedLLM, call

__all__ = ["FunctionLLM", "Reply", "ScriptedLLM", "call"]
