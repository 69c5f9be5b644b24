"""A MariaDB plugin under another name: a copy of its library, which declares it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_LOAD, _RELA = 1, 4
_NAME_BEFORE_DESCRIPTION = 16
"""In a plugin's declaration: two pointers, the author's between."""


def renamed(library: bytes, description: str, name: str) -> bytes | None:
    """The library of the plugin with this description, which is called ``name`` then.

    A name has no room where the old one is, so it takes the description's, and the relocation that
    fills in the name points there. ``None`` when the library is not laid out so.
    """
    old = description.encode() + b"\0"
    if library[: len(_ELF_64_LITTLE)] != _ELF_64_LITTLE or library.count(old) != 1:
        return None
    if len(name) > len(description):
        return None
    at = library.index(old)
    address = _address(library, at)
    filled = {place: (offset, target) for offset, place, target in _relocations(library)}
    places = [place for place, (_, target) in filled.items() if target == address]
    if len(places) != 1 or places[0] - _NAME_BEFORE_DESCRIPTION not in filled:
        return None
    offset, _ = filled[places[0] - _NAME_BEFORE_DESCRIPTION]
    copy = bytearray(library)
    copy[at : at + len(old)] = name.encode().ljust(len(old), b"\0")
    struct.pack_into("<q", copy, offset, address)
    return bytes(copy)


def _address(library: bytes, offset: int) -> int | None:
    """Where a byte of the file is in memory."""
    (table,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    for entry in range(table, table + size * count, size):
        kind, _, begins, memory, _, length = struct.unpack_from("<IIQQQQ", library, entry)
        if kind == _LOAD and begins <= offset < begins + length:
            return int(memory + offset - begins)
    return None


def _relocations(library: bytes) -> Iterator[tuple[int, int, int]]:
    """Where in the file an address stands, the place in memory it fills, and the address."""
    (table,) = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    for header in range(table, table + size * count, size):
        _, kind, _, _, begins, length = struct.unpack_from("<IIQQQQ", library, header)
        if kind == _RELA:
            for entry in range(begins, begins + length, 24):
                place, _, target = struct.unpack_from("<QQq", library, entry)
                yield entry + 16, place, target
