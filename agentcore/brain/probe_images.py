"""The probe of images: two small squares, of colours that a blind model would not guess."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

from ..interfaces import LLM
from ..messages import ImagePart, TextPart, UserMessage
from ..thoughts import split_thoughts
from .passport import Finding
from .probe_asking import ask, no, question, unknown, yes

__all__ = ["probe_images", "square_png"]

_SIDE = 64
_LEFT, _RIGHT = (255, 140, 0), (128, 0, 128)
_ASKED = (
    "What two colours does this picture have, left and right? Write two words. "
    "If you see no picture, write: none"
)


def square_png(left: tuple[int, int, int], right: tuple[int, int, int]) -> bytes:
    """Return a PNG file of 64 by 64 pixels, its halves in the two colours (red, green, blue)."""
    row = b"\0" + bytes(left) * (_SIDE // 2) + bytes(right) * (_SIDE // 2)
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(row * _SIDE)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


async def probe_images(llm: LLM) -> Finding:
    """Whether the model names the colours of a picture that it cannot have read about."""
    picture = ImagePart(data=square_png(_LEFT, _RIGHT))
    message = UserMessage(content=(TextPart(text=_ASKED), picture))
    reply = await ask(llm, replace(question(""), messages=(message,)))
    if isinstance(reply, Finding):
        return reply
    text = split_thoughts(reply.text)[1].strip().lower()
    if "orange" in text and ("purple" in text or "violet" in text):
        return yes(f"saw the picture: {text[:60]!r}")
    if not text and reply.finish_reason == "length":
        return unknown("the answer was cut")
    return no(f"did not see orange and purple: {text[:60]!r}")
