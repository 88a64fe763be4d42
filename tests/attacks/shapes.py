"""Shapes that lie, overflow, or fit nothing."""

from __future__ import annotations

import struct

import h5py
import numpy as np

from attacks import attack
from attacks.material import BIASES, KERNELS, SIDES, first_kernel, group, patched, weights_file


def reshaped(folder, *shape):
    """The true shape in the file replaced by another of as many sides."""
    path = weights_file(folder / "a.h5")
    return patched(path, struct.pack("<QQ", *SIDES[:2]), struct.pack("<QQ", *shape), 2)


@attack("declares 144 bytes of shape \\(6, 6\\), which the 120 bytes stored cannot hold")
def one_unit_more_than_stored(folder):
    """The kernel declares one unit more than its bytes are for."""
    return reshaped(folder, 6, 6)


@attack("which the 120 bytes stored cannot hold")
def terabytes(folder):
    """The kernel declares 4 TiB."""
    return reshaped(folder, 2**20, 2**20)


@attack("which the 120 bytes stored cannot hold")
def product_that_overflows_to_nothing(folder):
    """2**32 times 2**32 weights: in 64 bits the product is 0."""
    return reshaped(folder, 2**32, 2**32)


@attack("which the 120 bytes stored cannot hold")
def product_that_overflows_to_the_right_size(folder):
    """Sides whose product is the true 30 in 64 bits."""
    return reshaped(folder, 2**63 + 15, 2)


def kernel(folder, values):
    return first_kernel(folder, lambda parent: parent.create_dataset("0", data=values))


@attack("holds nothing: its shape is \\(6, 0\\)")
def no_units(folder):
    """A kernel of no units."""
    return kernel(folder, np.zeros((6, 0), "f"))


@attack("not \\(inputs, units\\)")
def three_dimensions(folder):
    """A kernel of three dimensions."""
    return kernel(folder, np.zeros((6, 5, 1), "f"))


@attack("holds nothing: its shape is none")
def a_single_number(folder):
    """A kernel that is one number."""
    return kernel(folder, np.float32(1))


@attack("holds nothing: its shape is none")
def no_shape_at_all(folder):
    """A kernel of the empty shape of HDF5."""
    return kernel(folder, h5py.Empty("f"))


@attack("holds .*; weights are")
def thirty_two_dimensions(folder):
    """A kernel of thirty-two dimensions."""
    return kernel(folder, np.zeros((1,) * 32, "i1"))


@attack("holds nothing: its shape is \\(0, 18446744073709551615\\)")
def nothing_by_everything(folder):
    """No inputs, and 2**64 - 1 units: no weights, in more blocks than can be counted."""

    def put(parent):
        parent.create_dataset("0", data=KERNELS[0], chunks=(6, 5), maxshape=(None, None))

    path = first_kernel(folder, put)
    return patched(path, struct.pack("<QQ", 6, 5), struct.pack("<QQ", 0, 2**64 - 1), 2)


@attack("blocks, which are not read")
def blocks_beyond_counting(folder):
    """A shape of 2**64 - 1 by 2**64 - 1, in blocks of 30 weights."""

    def put(parent):
        parent.create_dataset("0", data=KERNELS[0], chunks=(6, 5), maxshape=(None, None))

    path = first_kernel(folder, put)
    return patched(path, struct.pack("<QQ", 6, 5), struct.pack("<QQ", *[2**64 - 1] * 2), 2)


@attack("layers do not chain: 'dense' gives 5 outputs, 'dense_1' takes 4")
def layers_that_do_not_chain(folder):
    """A layer takes other inputs than the layer before gives."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        del file[f"{group(1)}/0"]
        file[f"{group(1)}/0"] = np.ones((4, 3), "f")
    return path


@attack("its kernel may be transposed")
def transposed_kernels(folder):
    """All kernels are (units, inputs), as PyTorch keeps them."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        for i in range(2):
            file[f"{group(i)}/0"] = KERNELS[i].T
            file[f"{group(i)}/1"] = BIASES[i]
    return path


@attack("all kernels may be transposed")
def transposed_kernels_without_biases(folder):
    """All kernels are (units, inputs), and no bias tells."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        for i in range(2):
            file[f"{group(i)}/0"] = KERNELS[i].T
    return path


@attack("has 5 units but a bias of shape \\(4,\\)")
def bias_of_another_length(folder):
    """A bias of fewer numbers than units."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        del file[f"{group(0)}/1"]
        file[f"{group(0)}/1"] = np.ones(4, "f")
    return path


@attack("larger than itself")
def block_larger_than_its_array(folder):
    """A kernel of 30 weights in one block of 4 GB."""

    def put(parent):
        parent.create_dataset(
            "0", SIDES[:2], "f4", maxshape=(None, None), chunks=(30_000, 30_000), compression=9
        )

    path = first_kernel(folder, put)
    with h5py.File(path, "a") as file:
        file[f"{group(0)}/0"].id.write_direct_chunk((0, 0), b"x" * 100)
    return path


@attack("networks of more than 268,435,456 weights are not read")
def a_network_of_zeros_too_large(folder):
    """5 MB of deflated zeros are a kernel of 4.6 GB, rightly declared."""
    import zlib

    sides = (34_000, 34_000)

    def put(parent):
        found = parent.create_dataset("0", sides, "f4", chunks=(1000, 34_000), compression=9)
        block = zlib.compress(bytes(4 * 1000 * 34_000), 9)
        for row in range(0, 34_000, 1000):
            found.id.write_direct_chunk((row, 0), block)

    return first_kernel(folder, put)
