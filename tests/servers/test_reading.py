"""Nothing that a server sends is trusted to have its proper type."""

from __future__ import annotations

from agentcore.servers.reading import names_of


def test_the_names_of_models_are_read() -> None:
    content = b'{"data": [{"id": "a"}, {"id": null}, 3, {"id": "b"}]}'

    assert names_of(content, items="data", name="id") == ("a", "b")
    assert names_of(b"<html>", items="data", name="id") == ()
    assert names_of(b'{"data": 1}', items="data", name="id") == ()
