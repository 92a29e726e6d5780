"""agentcore: agents that perceive, think and act on the models you have."""

__version__ = "0.1.0"
