"""A typed answer while it is still being written: as much of it as is valid already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic

from pydantic import ValidationError
from pydantic_core import from_json
from typing_extensions import TypeVar

from ..completions import TextDelta
from ..results import Partial
from ..values import JsonValue
from .structured import OutputType

__all__ = ["AnswerReader", "Fragment", "read_fragment"]

T = TypeVar("T")

_MOST_OPENINGS = 8
_GROWTH = 100
"""By one part in so many an answer grows before it is read again: each time all of it is."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d.eE+-]*\Z")
_ANY_MORE = "\ue000"
"""Stands for whatever an unfinished text may go on with."""
_NOT_YET = (ValidationError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What validators raise, those too that were written for whole answers only."""


@dataclass(slots=True)
class Fragment:
    """JSON up to where it was written; numbers and names that may go on are left out."""

    value: JsonValue
    path: list[str | int]
    """The way to the last entry of the innermost array or object that is not closed."""
    is_in_text: bool = False
    """Whether that entry is a text which has not ended."""

    def below(self, name: str) -> Fragment | None:
        """The part under a name of the outermost object, if it has begun."""
        if not isinstance(self.value, dict) or name not in self.value:
            return None
        is_open = self.path[:1] == [name]
        path = self.path[1:] if is_open else []
        return Fragment(self.value[name], path, is_open and self.is_in_text)


def read_fragment(text: str) -> tuple[Fragment, ...]:
    """Read the first object or array in a text as far as it goes: a fragment, and a longer one.

    The second is there where the text ends within a string: it holds what there is of that.
    """
    for opening in islice(re.finditer(r"[{\[]", text), _MOST_OPENINGS):
        raw = text[opening.start() :]
        try:
            finished: JsonValue = from_json(raw, allow_partial=True, allow_inf_nan=False)
            whole: JsonValue = from_json(raw, allow_partial="trailing-strings", allow_inf_nan=False)
            is_in_text = whole != finished
            if not is_in_text:
                number = _NUMBER.sub("", raw)
                finished = from_json(number, allow_partial=True, allow_inf_nan=False)
        except ValueError:
            continue
        rest = _QUOTED.sub("", raw)
        depth = sum(rest.count(sign) for sign in "{[") - sum(rest.count(sign) for sign in "}]")
        fragments = [Fragment(finished, _open_path(finished, depth))]
        if is_in_text:
            fragments.append(Fragment(whole, _open_path(whole, depth), is_in_text=True))
        return tuple(fragments)
    return ()


def _open_path(value: JsonValue, depth: int) -> list[str | int]:
    path: list[str | int] = []
    for _ in range(depth):
        if isinstance(value, dict) and value:
            path.append(name := next(reversed(value)))
            value = value[name]
        elif isinstance(value, list) and value:
            path.append(len(value) - 1)
            value = value[-1]
        else:
            break
    return path


class AnswerReader(Generic[T]):
    """Turns the streamed text of one model call into what a reader of the run is shown.

    Args:
        output: The type of the answer.
        field: Where the reply is an object and only this property of it the answer: its name. Of
            such a reply only the answer's own text is shown.
        is_typed: Whether to show the growing answer, each a `Partial`.
    """

    def __init__(self, output: OutputType[T], *, field: str | None, is_typed: bool) -> None:
        self._output = output
        self._field = field
        self._is_typed = is_typed and not output.is_text
        self._text = ""
        self._read = 0
        self._shown = 0
        self._latest: tuple[T, ...] = ()

    def add(self, delta: TextDelta, key: str) -> Iterator[TextDelta | Partial[T]]:
        """Take a piece of the reply, and yield what is new for the reader."""
        if delta.thinking or (self._field is None and not self._is_typed):
            yield TextDelta(text=delta.text, thinking=delta.thinking, key=key)
            return
        self._text += delta.text
        if self._field is None:
            yield TextDelta(text=delta.text, key=key)
        if not self._is_typed or len(self._text) - self._read >= len(self._text) / _GROWTH:
            yield from self._news(key)

    def end(self, key: str) -> Iterator[TextDelta | Partial[T]]:
        """Yield what has not been shown of a reply that has ended."""
        if self._read < len(self._text):
            yield from self._news(key)

    def _news(self, key: str) -> Iterator[TextDelta | Partial[T]]:
        self._read = len(self._text)
        fragments: list[Fragment] = list(read_fragment(self._text))
        if self._field is not None:
            fragments = [part for item in fragments if (part := item.below(self._field))]
            if fragments and (text := self._new_text(fragments[-1].value)):
                yield TextDelta(text=text, key=key)
        if self._is_typed:
            for output in self._new_output(fragments):
                yield Partial(output, key)

    def _new_text(self, answer: JsonValue) -> str:
        if not isinstance(answer, str):
            return ""
        new, self._shown = answer[self._shown :], max(self._shown, len(answer))
        return new

    def _new_output(self, fragments: list[Fragment]) -> tuple[T, ...]:
        """Return the longest part of the answer that is valid, if it is not the latest one."""
        for fragment in reversed(fragments):
            wrapping = self._output.wrapping
            inner = (fragment.below(wrapping) if wrapping else None) or fragment
            found = self._valid(inner)
            if found:
                is_new = found != self._latest
                self._latest = found
                return found if is_new else ()
        return ()

    def _valid(self, fragment: Fragment) -> tuple[T, ...]:
        """Return the fragment as an output; where it is none, without its last, open entries."""
        holder: list[JsonValue] = [fragment.value]
        path: list[str | int] = [0, *fragment.path]
        if fragment.is_in_text:
            return self._validated(holder[0]) if self._may_go_on(holder, path) else ()
        while not (found := self._validated(holder[0])) and len(path) > 1:
            last = path.pop()
            del _container(holder, path)[last]
        return found

    def _may_go_on(self, holder: list[JsonValue], path: list[str | int]) -> bool:
        """Whether an unfinished text can be shown: the start of a date, or of a name, cannot."""
        container, last = _container(holder, path[:-1]), path[-1]
        text = container[last]
        if not isinstance(text, str):  # a name that came twice stands where it came first
            return False
        container[last] = text + _ANY_MORE
        found = self._validated(holder[0])
        container[last] = text
        return bool(found)

    def _validated(self, value: JsonValue) -> tuple[T, ...]:
        try:
            return (self._output.validate(value),)
        except _NOT_YET:
            return ()


def _container(holder: list[JsonValue], path: list[str | int]) -> Any:
    """The array or object at the end of a path; what is read there is checked by the path."""
    found: Any = holder
    for step in path:
        found = found[step]
    return found
