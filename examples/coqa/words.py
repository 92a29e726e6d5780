"""Lists of English words that tell an answer from what stands around it."""

from __future__ import annotations

import re

__all__ = ["BREAK", "DETERMINER", "NEGATION", "NUMBER", "PREPOSITION", "TIME"]

DETERMINER = re.compile(r"a|an|the|his|her|its|their|my|our|your|.*['\u2019]s")

PREPOSITION = re.compile("at|behind|beside|by|from|in|inside|into|near|on|over|to|under")
"""Those that a place follows."""

NUMBER = re.compile(
    r"\d.*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|"
    "eighty|ninety|hundred|thousand|million|billion|half"
)

TIME = re.compile(
    "january|february|march|april|june|july|august|september|october|november|december|"
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|winter|"
    "morning|evening|night|today"
)

NEGATION = re.compile(r"\b(?:not|never|no|nor|none|except|without)\b|n['\u2019]t\b")

BREAK = re.compile(
    "according|across|again|against|ago|almost|along|although|always|among|any|around|away|back|"
    "because|became|become|began|being|best|better|between|born|both|built|called|came|cannot|come|"
    "comes|considered|despite|did|died|down|due|each|either|enough|even|ever|every|few|first|"
    "following|found|further|gave|get|give|given|go|got|had|held|himself|however|if|including|"
    "includes?|instead|itself|just|keep|kept|know|known|last|later|least|led|let|like|lost|made|make|"
    "makes|me|means|merely|more|most|named|neither|never|next|nor|now|often|once|only|other|own|per|"
    "perhaps|provides?|quite|rather|said|saw|says|see|seen|serves?|several|showed|shown|since|some|"
    "still|such|take|taken|than|themselves|therefore|though|through|thus|together|too|took|toward|"
    "towards|until|upon|us|used|using|usually|very|went|well|whether|while|whole|within|without|won|"
    "ate|bought|broke|brought|caught|chose|drew|drove|fell|felt|flew|grew|heard|held|hurt|knew|lay|"
    "left|lit|meant|met|paid|put|ran|rode|rose|sang|sat|sent|shot|slept|sold|sought|spent|spoke|"
    "stood|taught|thought|threw|told|wore|works?|written|wrote|yet|.{2,}ly|.{3,}ed"
)
"""Verbs, adverbs and conjunctions, in lower case: an answer of a few words ends before them."""
