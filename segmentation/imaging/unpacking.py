"""A file, packed with gzip or not, that is unpacked no further than somebody asks.

A small gzip file can unpack to a thousand times its size, and hold any number of parts. So a reader
takes the first bytes, decides how much there may be, and takes only that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

GZIP = b"\x1f\x8b"
PIECE = 64 * 1024
MOST_PARTS = 20_000  # bgzip packs every 64 kB as a part of its own: this many make over 1 GB


class NotUnpackable(Exception):
    """The file cannot be unpacked to its end; the message says why and what to do."""


class Unpacked:
    """The content of a file, unpacked as far as it was asked for."""

    def __init__(self, content: bytes) -> None:
        is_packed = content[:2] == GZIP
        self._pieces = _pieces(content) if is_packed else iter(())
        self._taken: bytes | bytearray = bytearray() if is_packed else content

    def first(self, count: int) -> memoryview:
        """The first bytes, fewer only when the file holds fewer; raises NotUnpackable.

        Let go of the answer before the next call: more cannot be unpacked meanwhile.
        """
        while len(self._taken) < count and (piece := next(self._pieces, None)) is not None:
            self._taken += piece
        return memoryview(self._taken).toreadonly()[:count]

    def size(self, *, most: int) -> int:
        """The size of the whole, or some size over `most` when it is larger.

        What was not taken is checked on the way and not kept. Raises NotUnpackable.
        """
        size = len(self._taken)
        while size <= most and (piece := next(self._pieces, None)) is not None:
            size += len(piece)
        return size


def _pieces(content: bytes) -> Iterator[bytes]:
    """What the parts of a gzip file hold, in pieces; what follows the last part is no matter."""
    packed, at, parts = memoryview(content), 0, 0
    while packed[at : at + 2] == GZIP:
        parts += 1
        if parts > MOST_PARTS:
            raise NotUnpackable(
                f"the compressed file has more than {MOST_PARTS} parts. Unpack it and send it as "
                "one .nii.gz."
            )
        unzip = zlib.decompressobj(wbits=31)
        while not unzip.eof:
            some = packed[at : at + PIECE]
            try:
                piece = unzip.decompress(some, PIECE)
            except zlib.error as error:
                raise NotUnpackable(
                    "the compressed file is damaged. Copy it again from where it came."
                ) from error
            at += len(some) - len(unzip.unconsumed_tail) - len(unzip.unused_data)
            if piece:
                yield piece
            elif not some and not unzip.eof:
                raise NotUnpackable(
                    "the compressed file ends too early. Copy it again from where it came."
                )
