"""Connections to model servers: what the LLMs and the embedders behind one server share."""

__all__: list[str] = []
