"""Perception: any input becomes typed percepts that say where they come from."""

from .perceiving import perceive, stand_in

__all__ = ["perceive", "stand_in"]
