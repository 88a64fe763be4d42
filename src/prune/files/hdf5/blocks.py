"""The bytes of a file, cut within its bounds, and what was read of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from prune import PruneError
from prune.files import limits

UNDEFINED = 2**64 - 1  # the address of what is not there
_MOST_STEPS = 1_000_000  # some seconds


class Broken(PruneError):
    """The file is not as the format says."""

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(f"is a broken or truncated HDF5 file ({why})")


@dataclass
class Contents:
    """The bytes of a file, and what was read of them: nothing is read twice, or without end."""

    content: bytes
    steps: int = 0  # messages, names, nodes and texts looked at
    stored: int = 0  # bytes of arrays, as they are stored
    weights: int = 0
    most_weights: int = limits.WEIGHTS
    seen: set[int] = field(default_factory=set)  # addresses of the data sets read
    heaps: dict[int, dict[int, bytes]] = field(default_factory=dict)  # of texts, by address

    def step(self) -> None:
        """Count a step; many things of a file can lead to the same ones, again and again."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise Broken(f"it takes more than {_MOST_STEPS:,} steps to read")


def cut(content: bytes, start: int, size: int) -> bytes:
    """Return `size` bytes from `start`, all of which there must be."""
    if start < 0 or size < 0 or start + size > len(content):
        raise Broken(f"{size:,} bytes belong at {start:,}, but it ends at {len(content):,}")
    return content[start : start + size]


def number(content: bytes, start: int, size: int = 8) -> int:
    """Return the unsigned number of so many bytes at `start`."""
    return int.from_bytes(cut(content, start, size), "little")


def expect(content: bytes, start: int, mark: bytes) -> None:
    """Refuse a block without the mark of its kind."""
    actual = cut(content, start, len(mark))
    if actual != mark:
        raise Broken(f"{mark!r} belongs at {start:,}, not {actual!r}")
