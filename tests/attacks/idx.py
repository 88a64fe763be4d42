"""Data sets as IDX files."""

from __future__ import annotations

import gzip
import os
import struct

from attacks import answered, attack
from attacks.material import IMAGES, LABELS


def idx(values):
    sides = values.ndim
    return struct.pack(f">I{sides}I", 0x0800 + sides, *values.shape) + values.tobytes()


def folder_of(folder, images=None, labels=None, end=""):
    place = folder / "idx"
    place.mkdir()
    (place / f"t10k-images-idx3-ubyte{end}").write_bytes(images or idx(IMAGES))
    (place / f"t10k-labels-idx1-ubyte{end}").write_bytes(labels or idx(LABELS))
    return place


@attack("declares shape \\(5, 2, 3\\), but holds 24 bytes|more than it can hold", "data")
def one_image_more_than_stored(folder):
    """A file that declares one image more than it holds."""
    return folder_of(folder, struct.pack(">4I", 0x0803, 5, 2, 3) + IMAGES.tobytes())


@attack("more than it can hold", "data")
def images_beyond_64_bits(folder):
    """A shape whose product overflows 64 bits."""
    return folder_of(folder, struct.pack(">4I", 0x0803, *[2**32 - 1] * 3))


@attack("declares shape .*, which holds nothing", "data")
def nothing_by_everything(folder):
    """No images, each of 2**64 pixels."""
    return folder_of(folder, struct.pack(">4I", 0x0803, 0, *[2**32 - 1] * 2))


@attack("is not an IDX file of 3-dimensional bytes", "data")
def labels_as_images(folder):
    """Labels where images belong."""
    return folder_of(folder, idx(LABELS))


@attack("is not an IDX file of 1-dimensional bytes", "data")
def half_a_header(folder):
    """A file of three bytes."""
    return folder_of(folder, labels=b"\0\0\x08")


@attack("does not unpack to the 40 bytes it declares", "data")
def gzip_that_explodes(folder):
    """A gzip file of 1 MB that unpacks to 1 GB, though it declares 24 bytes."""
    bomb = gzip.compress(idx(IMAGES) + bytes(10**8), 1) + gzip.compress(bytes(10**8), 1)
    return folder_of(folder, bomb, gzip.compress(idx(LABELS)), ".gz")


@attack("does not unpack to the 40 bytes it declares", "data")
def gzip_with_more_behind(folder):
    """Bytes behind the end of a gzip file."""
    labels = gzip.compress(idx(LABELS))
    return folder_of(folder, gzip.compress(idx(IMAGES)) + b"more", labels, ".gz")


@attack("does not unpack to the 40 bytes it declares", "data")
def gzip_that_ends_early(folder):
    """A gzip file without its sum."""
    labels = gzip.compress(idx(LABELS))
    return folder_of(folder, gzip.compress(idx(IMAGES))[:-6], labels, ".gz")


@attack("the folder has no t10k-images", "data")
def a_pipe_among_the_files(folder):
    """A FIFO where the images belong."""
    place = folder_of(folder)
    (place / "t10k-images-idx3-ubyte").unlink()
    os.mkfifo(place / "t10k-images-idx3-ubyte")
    return place


@answered("data")
def plain_and_packed_mixed(folder):
    """Images packed, labels not."""
    place = folder_of(folder)
    (place / "t10k-images-idx3-ubyte").unlink()
    (place / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
    return place
