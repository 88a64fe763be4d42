"""What people give by accident, and what waits for a reader."""

from __future__ import annotations

import gzip
import os
import socket

from attacks import attack
from attacks.material import KERNELS, npy, weights_bytes, weights_file


def content(folder, data, name="model.weights.h5"):
    (folder / name).write_bytes(data)
    return folder / name


@attack("is empty")
def an_empty_file(folder):
    """Nothing."""
    return content(folder, b"")


@attack("is a web page, not weights")
def a_web_page(folder):
    """The page that a site sends instead of a file."""
    return content(folder, b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>")


@attack("is a Git LFS pointer")
def a_pointer_of_git_lfs(folder):
    """What Git keeps where a large file belongs."""
    return content(folder, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


@attack("is a truncated HDF5 file: it declares .* \\(a download that was not finished\\?\\)")
def half_a_download(folder):
    """The first half of a weights file."""
    whole = weights_bytes(folder)
    return content(folder, whole[: len(whole) // 2])


@attack("is all zeros at its beginning")
def a_download_of_zeros(folder):
    """A file that was made but not filled."""
    return content(folder, bytes(10_000))


@attack("is a folder; give one")
def a_folder(folder):
    """A folder."""
    (folder / "model").mkdir()
    return folder / "model"


@attack("is a folder, an Orbax checkpoint")
def an_orbax_checkpoint(folder):
    """The folder of an Orbax checkpoint."""
    (folder / "model").mkdir()
    content(folder / "model", b"{}", "_METADATA")
    return folder / "model"


@attack("is a folder, a TensorFlow SavedModel")
def a_saved_model(folder):
    """The folder of a SavedModel, which runs code when it is loaded."""
    (folder / "model").mkdir()
    content(folder / "model", b"", "saved_model.pb")
    return folder / "model"


@attack("is the index of a sharded checkpoint")
def the_index_of_shards(folder):
    """The index of a checkpoint in several files."""
    return content(folder, b'{"metadata": {}, "weight_map": {}}', "model.weights.json")


@attack("is a part of a sharded checkpoint")
def one_shard(folder):
    """One file of several: by itself it looks like a smaller network."""
    content(folder, b"{}", "model.weights.json")
    return weights_file(folder / "model_00000.weights.h5")


@attack("is compressed with gzip")
def a_packed_file(folder):
    """Weights packed by gzip."""
    return content(folder, gzip.compress(weights_bytes(folder)))


@attack("is a pickle, which runs code when it is loaded")
def a_pickle(folder):
    """A pickle that makes a file when it is loaded."""
    return content(folder, b"\x80\x04cposix\nsystem\n(X\x10\0\0\0touch canary.newtR.")


@attack("is a single NumPy array")
def a_single_array(folder):
    """One array."""
    return content(folder, npy(KERNELS[0]))


@attack("is a safetensors file")
def safetensors(folder):
    """A file of safetensors."""
    return content(folder, (40).to_bytes(8, "little") + b'{"a":{"dtype":"F32"}}')


@attack("is a TensorFlow Lite model")
def tensorflow_lite(folder):
    """A file of TensorFlow Lite."""
    return content(folder, b"\x20\0\0\0TFL3" + bytes(100))


@attack("is not a Keras file \\(it starts with b'hello'")
def something_else(folder):
    """A file of nothing known."""
    return content(folder, b"hello")


@attack("is a pipe, not a regular file")
def a_pipe(folder):
    """A FIFO, at which a reader waits for ever."""
    os.mkfifo(folder / "model.weights.h5")
    return folder / "model.weights.h5"


@attack("is a socket, not a regular file")
def a_socket(folder):
    """A socket."""
    before = os.getcwd()
    os.chdir(folder)  # since its name may have 107 letters at most
    try:
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.bind("model.h5")
    finally:
        os.chdir(before)
    return folder / "model.h5"


@attack("is a device, not a regular file")
def a_device_without_end(folder):
    """A link to /dev/zero, which has no end."""
    (folder / "model.h5").symlink_to("/dev/zero")
    return folder / "model.h5"


@attack("no such file \\(Too many levels of symbolic links\\)")
def a_link_to_itself(folder):
    """A symbolic link to itself."""
    (folder / "model.h5").symlink_to("model.h5")
    return folder / "model.h5"


@attack("has 1,099,511,627,776 bytes; files of more than")
def a_terabyte_of_nothing(folder):
    """A sparse file of a terabyte."""
    with open(folder / "model.h5", "wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(2**40)
    return folder / "model.h5"


@attack("is an HDF5 file with addresses|broken or truncated HDF5")
def a_signature_alone(folder):
    """The first eight bytes of HDF5 and noise."""
    return content(folder, b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4)
