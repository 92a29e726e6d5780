"""Reads the body of an answer, unpacked, and no more of it than allowed."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

from ..errors import ToolError

__all__ = ["ACCEPTED", "read_body"]

ACCEPTED = b"gzip, deflate"
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # 16 + 15: gzip; 32 + 15: gzip or zlib


async def read_body(chunks: AsyncIterable[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """Return the body.

    Raises:
        ToolError: it is larger than allowed, compressed or not; or it is broken.
    """
    wanted = encoding.strip().lower()
    if wanted in {"", "identity"}:
        return await _joined(chunks, max_bytes)
    if wanted not in _WINDOWS:
        raise ToolError(f"the document is compressed as {encoding!r}, which cannot be read")
    content = await _joined(chunks, max_bytes)
    unpacked = zlib.decompressobj(_WINDOWS[wanted])
    try:
        body = unpacked.decompress(content, max_bytes + 1)
    except zlib.error as error:
        raise ToolError(f"the document cannot be unpacked: {error}") from error
    _check_size(len(body), max_bytes)
    return body


async def _joined(chunks: AsyncIterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        _check_size(len(body), max_bytes)
    return bytes(body)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ToolError(f"the document has more than {max_bytes} bytes, and is not fetched")
