"""Brain: the LLM backends. Each module is imported by its own name, when it is needed."""

__all__: list[str] = []
