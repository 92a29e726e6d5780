"""Perception: any input becomes typed percepts that say where they come from."""

from .perceiving import perceive

__all__ = ["perceive"]
