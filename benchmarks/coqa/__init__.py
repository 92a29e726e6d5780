"""The conversational agent of `examples/coqa`, beside what it has to be better than."""
