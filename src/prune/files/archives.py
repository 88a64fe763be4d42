"""Zip archives, read within bounds that are checked before anything is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from prune import PruneError
from prune.files import limits

SIGNATURE = b"PK\x03\x04"
_END, _LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_END_SIZE, _LOCATOR_SIZE = 22, 20
_ENCRYPTED = 0x1
_LONG_ENTRY = 100  # bytes of a member's entry in the directory


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever Python finds wrong with an archive into a `PruneError`."""
    try:
        yield
    except (
        *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
        *(RuntimeError, ValueError, OverflowError),
    ) as error:
        raise PruneError(f"is a broken or truncated archive ({error})") from error


def opened(content: bytes) -> zipfile.ZipFile:
    """Open the bytes of an archive, whose names must differ."""
    with _refusing():
        _check_end(content)
        archive = zipfile.ZipFile(io.BytesIO(content))
    names = archive.namelist()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise PruneError(f"is an archive that holds {twice!r} twice")
    return archive


def _check_end(content: bytes) -> None:
    """Refuse an archive whose directory is not small and at its end, before it is read."""
    end = content[-_END_SIZE:]
    # A comment would follow, and could be the end of another archive.
    if not end.startswith(_END) or len(end) < _END_SIZE or end[-2:] != b"\0\0":
        raise PruneError("is a truncated archive: it does not end as archives do")
    count, size = struct.unpack("<HI", end[10:16])
    locator = content[-_END_SIZE - _LOCATOR_SIZE : -_END_SIZE]
    if locator.startswith(_LOCATOR):
        raise PruneError("is an archive of 64 bits, which Keras does not write")
    if count > limits.LINKS or size > limits.LINKS * _LONG_ENTRY:
        raise PruneError(f"is an archive that lists {count:,} members in {size:,} bytes")


def member(archive: zipfile.ZipFile, name: str, most: int = limits.FILE) -> bytes:
    """Return the content of a member of at most so many bytes; KeyError if there is none."""
    info = archive.getinfo(name)
    deflated = info.compress_type == zipfile.ZIP_DEFLATED
    if info.flag_bits & _ENCRYPTED or not (deflated or info.compress_type == zipfile.ZIP_STORED):
        raise PruneError(
            f"is an archive with {name!r} encrypted, or packed otherwise than deflated"
        )
    bound = info.compress_size * (limits.DEFLATE if deflated else 1)
    if info.file_size > min(bound, most):
        raise PruneError(
            f"is an archive that declares {info.file_size:,} bytes of {name!r}, "
            f"more than the {info.compress_size:,} stored can hold, or than {most:,}"
        )
    with _refusing(), archive.open(info) as file:
        # Of a given length, since `read()` would unpack all that the stream holds, declared or not.
        content = file.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise PruneError(f"is an archive whose {name!r} has not the size it declares")
    return content
