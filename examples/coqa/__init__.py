"""Conversational question answering: an agent reads a story and answers a dialogue about it."""
