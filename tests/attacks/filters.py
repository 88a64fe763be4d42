"""Arrays that are packed."""

from __future__ import annotations

import struct
import zlib

import h5py
import numpy as np

from attacks import answered, attack
from attacks.material import (
    KERNELS,
    SIDES,
    creation,
    first_kernel,
    group,
    low_level,
    patched,
    zeros_by_the_gigabyte,
)

OTHER = "filters other than gzip and shuffle"


def packed(folder, **how):
    return first_kernel(
        folder, lambda parent: parent.create_dataset("0", data=KERNELS[0], chunks=SIDES[:2], **how)
    )


@attack(OTHER)
def lzf(folder):
    """A kernel packed by LZF."""
    return packed(folder, compression="lzf")


@attack(OTHER)
def checksums(folder):
    """A kernel with checksums of Fletcher."""
    return packed(folder, fletcher32=True)


@attack(OTHER)
def scaled_and_rounded(folder):
    """A kernel whose numbers are rounded by a filter."""
    return packed(folder, scaleoffset=2)


@attack(OTHER)
def filter_that_must_be_loaded(folder):
    """A filter that the library would load from a folder of plugins."""
    path = packed(folder, compression="gzip")
    return patched(path, b"\1\0\x08\0\1\0\1\0deflate\0", b"\x0f\x7d\x08\0\1\0\1\0deflate\0")


@attack(OTHER)
def deflated_twice(folder):
    """A kernel deflated twice: a million to one."""

    def put(parent):
        plist = creation(SIDES[:2])
        plist.set_deflate(9)
        plist.set_deflate(9)
        low_level(parent, plist).write(h5py.h5s.ALL, h5py.h5s.ALL, KERNELS[0])

    return first_kernel(folder, put)


@attack(OTHER)
def shuffled_after_it_was_packed(folder):
    """Deflate before shuffle, which no writer does."""

    def put(parent):
        plist = creation(SIDES[:2])
        plist.set_deflate(9)
        plist.set_shuffle()
        low_level(parent, plist).write(h5py.h5s.ALL, h5py.h5s.ALL, KERNELS[0])

    return first_kernel(folder, put)


def with_block(folder, block, **more):
    """The one block of a deflated kernel replaced by another."""
    path = packed(folder, compression="gzip", **more)
    with h5py.File(path, "a") as file:
        file[f"{group(0)}/0"].id.write_direct_chunk((0, 0), block)
    return path


@attack("does not unpack to the 120 bytes it declares")
def block_that_explodes(folder):
    """A block of 5 MB that unpacks to 5 GB, though it declares 120 bytes."""
    path = packed(folder, compression="gzip")
    with h5py.File(path) as file:
        chunk = file[f"{group(0)}/0"].id.get_chunk_info(0)
    content, block = path.read_bytes(), zeros_by_the_gigabyte(5)
    old = struct.pack("<IIQQQQ", chunk.size, 0, 0, 0, 0, chunk.byte_offset)
    new = struct.pack("<IIQQQQ", len(block), 0, 0, 0, 0, len(content))
    path.write_bytes(content + block)
    patched(path, old, new)
    size = struct.pack("<Q", len(content))
    return patched(path, size + b"\xff" * 8, struct.pack("<Q", len(content + block)) + b"\xff" * 8)


@attack("does not unpack to the 120 bytes it declares")
def block_one_byte_too_long(folder):
    """A block that unpacks to one byte more than it declares."""
    return with_block(folder, zlib.compress(bytes(121)))


@attack("does not unpack to the 120 bytes it declares")
def block_that_ends_early(folder):
    """A block whose stream was cut off."""
    return with_block(folder, zlib.compress(KERNELS[0].tobytes())[:-10])


@attack("is corrupted")
def block_that_is_no_stream(folder):
    """A block that is no deflate stream."""
    return with_block(folder, b"\xff" * 50)


@attack("which the .* bytes stored cannot hold")
def more_than_deflate_can(folder):
    """Blocks that declare more than 1032 times their bytes."""

    def put(parent):
        found = parent.create_dataset("0", (1000, 1000), "f4", chunks=(1000, 1000), compression=9)
        found.id.write_direct_chunk((0, 0), b"x" * 100)

    return first_kernel(folder, put)


@answered()
def block_that_was_left_unpacked(folder):
    """A block whose mask says that deflate was left out, as for what cannot be packed."""
    path = packed(folder, compression="gzip")
    with h5py.File(path, "a") as file:
        values = np.ascontiguousarray(KERNELS[0]).tobytes()
        file[f"{group(0)}/0"].id.write_direct_chunk((0, 0), values, filter_mask=1)
    return path
