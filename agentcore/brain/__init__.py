"""Brain: the LLM backends."""
