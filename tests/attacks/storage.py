"""Arrays whose bytes are elsewhere, nowhere, or shared."""

from __future__ import annotations

import struct

import h5py
import numpy as np

from attacks import attack
from attacks.material import (
    CANARY,
    KERNELS,
    SIDES,
    creation,
    first_kernel,
    group,
    low_level,
    patched,
    weights_file,
)

OUTSIDE = "is stored outside the file"


@attack(OUTSIDE)
def external_raw_storage(folder):
    """The kernel's bytes are in another file."""

    def put(parent):
        parent.create_dataset("0", SIDES[:2], "f4", external=[("canary.raw", 0, 120)])

    return first_kernel(folder, put)


@attack(OUTSIDE)
def external_raw_storage_of_the_system(folder):
    """The kernel's bytes are those of a system file."""

    def put(parent):
        parent.create_dataset("0", SIDES[:2], "f4", external=[("/etc/passwd", 0, 120)])

    return first_kernel(folder, put)


def virtual(folder, maxshape=None, pattern=CANARY):
    layout = h5py.VirtualLayout(SIDES[:2], "f4", maxshape=maxshape)
    source = h5py.VirtualSource(pattern, f"{group(0)}/0", SIDES[:2], maxshape=maxshape)
    layout[:] = source[:]

    def put(parent):
        parent.create_virtual_dataset("0", layout)

    return first_kernel(folder, put)


@attack(OUTSIDE)
def virtual_data_set(folder):
    """The kernel is a view of a data set of another file."""
    return virtual(folder)


@attack(OUTSIDE)
def virtual_data_set_without_end(folder):
    """The kernel is a view without fixed size: to know its shape is to open the other file."""
    layout = h5py.VirtualLayout((6, 5), "f4", maxshape=(None, 5))
    source = h5py.VirtualSource(CANARY, f"{group(0)}/0", (6, 5), maxshape=(None, 5))
    unlimited = h5py.h5s.UNLIMITED
    layout[0:unlimited, :] = source[0:unlimited, :]
    return first_kernel(folder, lambda parent: parent.create_virtual_dataset("0", layout))


@attack("of shape \\(6, 5\\) was never written")
def kernel_never_written(folder):
    """The kernel has a shape but no bytes; the library makes zeros of it."""
    return first_kernel(folder, lambda parent: parent.create_dataset("0", SIDES[:2], "f4"))


@attack("of shape \\(32768, 32768\\) was never written")
def huge_kernel_never_written(folder):
    """A kernel of 4 GiB of zeros that the file does not hold."""
    return first_kernel(folder, lambda parent: parent.create_dataset("0", (2**15, 2**15), "f4"))


@attack("was never written")
def blocks_never_written(folder):
    """A kernel of 4 GiB in blocks, none of which is stored."""

    def put(parent):
        parent.create_dataset("0", (2**15, 2**15), "f4", chunks=(2**10, 2**10))

    return first_kernel(folder, put)


@attack("was never written, or only in part")
def one_block_missing(folder):
    """One block of a kernel was never written and would be zeros."""

    def put(parent):
        parent.create_dataset("0", SIDES[:2], "f4", chunks=(3, 5))[:3] = KERNELS[0][:3]

    return first_kernel(folder, put)


def stored_at(path, number=0):
    with h5py.File(path) as file:
        return file[f"{group(number)}/0"].id.get_offset()


@attack("shares its bytes with another")
def arrays_that_overlap(folder):
    """Two hundred kernels with headers of their own share the same bytes."""
    path, side = folder / "a.h5", 200
    with h5py.File(path, "w") as file:
        for i in range(200):
            values = np.ones((side, side) if i == 0 else (1, 1), "f")
            file[f"{group(i)}/0"] = values
        places = [file[f"{group(i)}/0"].id.get_offset() for i in range(200)]
    content = path.read_bytes()
    size = side * side * 4
    for place in places[1:]:
        content = content.replace(struct.pack("<QQ", place, 4), struct.pack("<QQ", places[0], size))
    content = content.replace(struct.pack("<QQ", 1, 1), struct.pack("<QQ", side, side))
    path.write_bytes(content)
    return path


@attack("bytes belong at")
def array_beyond_the_end(folder):
    """The kernel's address is beyond the end of the file."""
    path = weights_file(folder / "a.h5")
    place = stored_at(path)
    return patched(path, struct.pack("<QQ", place, 120), struct.pack("<QQ", 2**40, 120))


@attack("shares its bytes with another|was never written")
def array_at_the_last_address(folder):
    """The kernel's address plus its size overflows 64 bits."""
    path = weights_file(folder / "a.h5")
    place = stored_at(path)
    return patched(path, struct.pack("<QQ", place, 120), struct.pack("<QQ", 2**64 - 1, 120))


@attack("a block is stored twice|has a block of|was never written, or only in part")
def block_listed_twice(folder):
    """The index of blocks lists the same block for two places."""

    def put(parent):
        parent.create_dataset("0", data=KERNELS[0], chunks=(3, 5))

    path = first_kernel(folder, put)
    old, new = struct.pack("<IIQQQ", 60, 0, 3, 0, 0), struct.pack("<IIQQQ", 60, 0, 0, 0, 0)
    return patched(path, old, new)


@attack("save it with Keras 3")
def newest_index_of_blocks(folder):
    """Blocks are indexed in a form newer than any that Keras writes."""

    def put(parent):
        low_level(parent, creation((3, 5))).write(h5py.h5s.ALL, h5py.h5s.ALL, KERNELS[0])

    return first_kernel(folder, put, libver="latest")
