"""Prompt templates: jinja2 in a sandbox, from a file beside the code that uses it, or a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigurationError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["Prompt"]


class Prompt:
    """A template that becomes the text of a message.

    It runs in a sandbox: a template may come from a file that others can write, and reaches no
    private attribute and no code. Nothing is escaped: a model reads text, not HTML. The filter
    `tojson` writes compact JSON with its characters as they are.

    Args:
        source: A `Path` is the file of a template, a `str` is a template itself.

    Raises:
        ConfigurationError: the file cannot be read; when it is rendered: the template is malformed,
            or a variable is undefined. jinja2 is loaded at the first rendering.

    Example:
        >>> Prompt("Answer in {{ language }}.").render({"language": "French"})
        'Answer in French.'
    """

    def __init__(self, source: str | Path, /) -> None:
        self.name = str(source) if isinstance(source, Path) else "<prompt>"
        """The template's file, for messages."""
        self._source = _read(source) if isinstance(source, Path) else source

    def render(self, variables: Mapping[str, object], /) -> str:
        """Return the text, without white space at its ends.

        Raises:
            ConfigurationError: names the template, and the variable or the line.
        """
        from jinja2 import TemplateError

        template = self._template
        try:
            return template.render(variables).strip()
        except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
            given = ", ".join(sorted(variables)) or "none"
            raise ConfigurationError(
                f"the prompt {self.name} cannot be rendered: {error}; its variables are {given}"
            ) from error

    @cached_property
    def _template(self) -> Template:
        from jinja2 import TemplateSyntaxError

        try:
            return _environment().from_string(self._source)
        except TemplateSyntaxError as error:
            raise ConfigurationError(
                f"the prompt {self.name} is malformed in line {error.lineno}: {error.message}"
            ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the prompt {str(path)!r} cannot be read: {error}") from error


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # a model reads text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # jinja2's own writes `<` and every character beyond ASCII as \uXXXX.
    environment.filters["tojson"] = _to_json
    return environment


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
