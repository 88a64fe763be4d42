"""Data sets and sparse networks as archives of arrays."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np

from attacks import answered, attack
from attacks.material import (
    BIASES,
    IMAGES,
    KERNELS,
    LABELS,
    headed,
    npy,
    npz,
    redirected,
    zeros_by_the_gigabyte,
)


class Touch:
    """What a pickle makes of this is a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def data(folder, images=IMAGES, labels=LABELS):
    return npz(folder / "d.npz", x_test=images, y_test=labels, x_train=IMAGES, y_train=LABELS)


@attack("x_test holds object, not plain numbers", "data")
def pickled_images(folder):
    """Images that are a pickle, which makes a file when it is loaded."""
    values = np.empty(1, object)
    values[0] = Touch(folder / "canary.new")
    return data(folder, npy(values))


@attack("is not a readable .npz file", "data")
def pickle_called_npz(folder):
    """A pickle under the name of an archive."""
    (folder / "d.npz").write_bytes(pickle.dumps(Touch(folder / "canary.new")))
    return folder / "d.npz"


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }"


@attack("declares 1,000,000,000,000 bytes of shape", "data")
def terabyte_of_images(folder):
    """Images that declare a terabyte."""
    return data(folder, headed(HEADER % "(1000000, 1000000)", IMAGES.tobytes()))


@attack("declares 18 bytes of shape .*, but 24 are stored", "data")
def fewer_than_stored(folder):
    """Images that declare fewer bytes than are stored."""
    return data(folder, headed(HEADER % "(3, 2, 3)", IMAGES.tobytes()))


@attack("has the shape \\(-4, -6\\)", "data")
def negative_shape(folder):
    """Images of a negative shape, whose product is right."""
    return data(folder, headed(HEADER % "(-4, -6)", IMAGES.tobytes()))


@attack("which no array has", "data")
def nothing_by_everything(folder):
    """Images of no rows, each of 2**70 pixels."""
    return data(folder, headed(HEADER % f"(0, {2**70})"))


@attack("is not a readable array", "data")
def header_that_is_code(folder):
    """A header that is a call, for readers that evaluate it."""
    return data(folder, headed("__import__('pathlib').Path('canary.new').touch()"))


@attack("is not a readable array", "data")
def header_of_a_megabyte(folder):
    """A header of nested brackets, longer than any true one."""
    text = b"(" * 60_000 + b"\n"
    return data(folder, b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text)


@attack("is not a readable array", "data")
def header_longer_than_the_file(folder):
    """A header that declares 4 GB."""
    return data(folder, b"\x93NUMPY\2\0\xff\xff\xff\xff{}")


@attack("is of version \\(3, 0\\)", "data")
def newest_version(folder):
    """A version that plain numbers never need."""
    return data(folder, b"\x93NUMPY\3\0" + npy(IMAGES)[8:])


@attack("holds \\[.*not plain numbers", "data")
def compound_pixels(folder):
    """Images of pairs."""
    return data(folder, np.zeros((4, 6), [("a", "u1"), ("b", "u1")]))


@attack("images are <M8|holds datetime64", "data")
def pixels_that_are_dates(folder):
    """Images of dates."""
    return data(folder, np.zeros((4, 6), "M8[s]"))


@attack("pixels go from nan to nan", "data")
def pixels_not_a_number(folder):
    """A pixel that is NaN."""
    images = np.zeros((4, 6), "f")
    images[1, 2] = np.nan
    return data(folder, images)


@attack("labels go from 0 to 18446744073709551615", "data")
def label_beyond_all_classes(folder):
    """A label of 64 bits, all set."""
    return data(folder, labels=np.array([0, 1, 2, 2**64 - 1], np.uint64))


@attack("labels go up to 7, but the network has 3 outputs", "data")
def label_of_no_output(folder):
    """A label that the network has no output for."""
    return data(folder, labels=np.array([0, 1, 2, 7], np.uint8))


@attack("there are 4 test images but 3 labels", "data")
def a_label_missing(folder):
    """A label fewer than images."""
    return data(folder, labels=LABELS[:3])


@attack("more than the .* stored can hold", "data")
def images_that_explode(folder):
    """6 MB that are images of 1.3 GB."""
    path = folder / "d.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_test.npy", zeros_by_the_gigabyte(2, wbits=-15))
        archive.writestr("y_test.npy", npy(LABELS))
    redirected(path, 10, "<H", zipfile.ZIP_DEFLATED)
    return redirected(path, 24, "<I", 1_300_000_000)


@attack("has no x_test and no y_test; it holds nothing", "data")
def arrays_under_other_names(folder):
    """Members called `x_test` and `y_test`, without the ending that NumPy gives them."""
    with zipfile.ZipFile(folder / "d.npz", "w") as archive:
        archive.writestr("x_test", npy(IMAGES))
        archive.writestr("y_test", npy(LABELS))
    return folder / "d.npz"


@attack("holds 'x_test.npy' twice", "data")
def images_twice(folder):
    """Two arrays of the same name."""
    import warnings

    path = data(folder)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_test.npy", npy(IMAGES))
    return path


@attack("is a pipe, not a regular file", "data")
def a_pipe_for_data(folder):
    """A FIFO, at which a reader waits for ever."""
    import os

    os.mkfifo(folder / "d.npz")
    return folder / "d.npz"


@answered("data")
def images_column_by_column(folder):
    """Images stored column by column."""
    return data(folder, np.asfortranarray(IMAGES))


def sparse(folder, told=None, **changes):
    """A network in our own sparse format, spoiled."""
    layers = [
        {"name": f"d{i}", "inputs": kernel.shape[0], "units": kernel.shape[1]}
        | {"activation": "softmax" if i else "relu", "bias": True, "form": "dense"}
        for i, kernel in enumerate(KERNELS)
    ]
    layers[0] |= told or {}
    arrays = {f"{i}.values": kernel.ravel() for i, kernel in enumerate(KERNELS)}
    arrays |= {f"{i}.bias": bias for i, bias in enumerate(BIASES)}
    text = np.frombuffer(json.dumps(layers).encode(), np.uint8)
    return npz(folder / "s.npz", **{"layers": text, **arrays, **changes})


@attack("weights; more than 268,435,456 are not read")
def sparse_network_too_large(folder):
    """A sparse network that declares 2**40 weights."""
    return sparse(folder, {"inputs": 2**20, "units": 2**20})


@attack("inputs and units are not whole numbers from 1")
def sparse_network_of_negative_size(folder):
    """A sparse network of a negative number of inputs and of units."""
    return sparse(folder, {"inputs": -6, "units": -5})


@attack("0.values holds 1 numbers, not 30")
def sparse_value_for_all_places(folder):
    """One value, which NumPy would copy to every place."""
    return sparse(folder, **{"0.values": np.ones(1, "f")})


@attack("has bits for .* weights, not 30")
def sparse_bits_too_many(folder):
    """A map of more weights than there are."""
    return sparse(folder, {"form": "bitmap"}, **{"0.bits": np.full(400, 255, np.uint8)})


@attack("has gaps that do not add up to 30 weights")
def sparse_gaps_beyond_the_end(folder):
    """Gaps that lead beyond the kernel's end."""
    gaps = np.full(30, 200, np.uint8)
    return sparse(folder, {"form": "gaps"}, **{"0.gaps": gaps})


@attack("0.values holds object, not plain numbers")
def sparse_pickle(folder):
    """A sparse network whose values are a pickle."""
    values = np.empty(1, object)
    values[0] = Touch(folder / "canary.new")
    return sparse(folder, **{"0.values": npy(values)})


@attack("is a broken sparse file")
def sparse_form_that_is_none(folder):
    """A sparse network of an unknown form."""
    return sparse(folder, {"form": "__import__"})


@answered()
def sparse_network(folder):
    """A sparse network as it should be."""
    return sparse(folder)
