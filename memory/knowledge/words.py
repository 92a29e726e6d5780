"""Words as keyword search compares them: folded, stemmed, without the ones that say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from importlib import import_module
from typing import Any

from ...errors import ConfigurationError, MissingExtraError

__all__ = ["ENGLISH_STOP_WORDS", "Analyzer"]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")

_STOP_WORDS = """
    a an and are as at be but by did do does for had has have he her his how i if
    in into is it its me my no not of on or our she so such that the their them
    then there these they this to was we were what when where which who whom why
    will with you your
"""
ENGLISH_STOP_WORDS = frozenset(_STOP_WORDS.split())


class Analyzer:
    """Turns a text into the terms that are counted. Not for two threads at a time.

    Chinese and Japanese, written without spaces, become pairs of neighbouring characters.

    Args:
        language: A Snowball stemmer, such as `english` or `german`; needs `pip install
            'agentcore-framework[knowledge]'`. None: words are compared as they are.
        stop_words: Words that are not counted; None: the English ones with `english`, else none.

    Example:
        >>> Analyzer().terms("The Cats were chasing mice")
        ['cat', 'chase', 'mice']
        >>> Analyzer(language=None).terms("机器学习 2.0")
        ['机器', '器学', '学习', '2', '0']
    """

    def __init__(
        self, *, language: str | None = "english", stop_words: Collection[str] | None = None
    ) -> None:
        if stop_words is None:
            stop_words = ENGLISH_STOP_WORDS if language == "english" else ()
        self._stop_words = frozenset(stop_words)
        self._stemmer = None if language is None else _load_stemmer(language)

    def terms(self, text: str) -> list[str]:
        """Return the terms in the order of the text, repeated as often as they are there."""
        folded = unicodedata.normalize("NFKC", text).casefold()
        words = [term for word in _TOKEN.findall(folded) for term in _pairs(word)]
        kept = [word for word in words if word not in self._stop_words]
        if self._stemmer is None:
            return kept
        stems: list[str] = self._stemmer.stemWords(kept)
        return stems


def _pairs(word: str) -> list[str]:
    if len(word) == 1 or not _IS_CJK.match(word):
        return [word]
    return [word[start : start + 2] for start in range(len(word) - 1)]


def _load_stemmer(language: str) -> Any:
    try:
        library: Any = import_module("Stemmer")
    except ImportError as error:
        raise MissingExtraError(
            f"keyword search with language={language!r}",
            "pip install 'agentcore-framework[knowledge]'",
        ) from error
    try:
        return library.Stemmer(language)
    except KeyError as error:
        raise ConfigurationError(
            f"there is no stemmer for {language!r}: there are "
            f"{', '.join(library.algorithms())}, and None"
        ) from error
