"""Embedders: what turns texts into vectors, in this process or on a server."""

__all__: list[str] = []
