"""What attacks are made of: a small network, its file, and ways to spoil it."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

SIDES = (6, 5, 3)
RNG = np.random.default_rng(7)
KERNELS = [RNG.normal(size=pair).astype("f") for pair in pairwise(SIDES)]
BIASES = [RNG.normal(size=side).astype("f") for side in SIDES[1:]]
CANARY = "canary.h5"


def put_canaries(folder: Path) -> None:
    """Put files beside an attack that nobody may open."""
    weights_file(folder / CANARY)
    (folder / "canary.raw").write_bytes(KERNELS[0].tobytes() * 100)


def group(i: int) -> str:
    return f"layers/dense{f'_{i}' if i else ''}/vars"


def weights_file(path: Path, **packed) -> Path:
    """Write the network as Keras 3 does, weights only."""
    with h5py.File(path, "w") as file:
        for i, (kernel, bias) in enumerate(zip(KERNELS, BIASES, strict=True)):
            file.create_dataset(f"{group(i)}/0", data=kernel, **packed)
            file[f"{group(i)}/1"] = bias
    return path


def first_kernel(folder: Path, put, **more) -> Path:
    """Write the network, its first kernel by `put(group)`."""
    path = folder / "model.weights.h5"
    with h5py.File(path, "w", **more) as file:
        for i in range(2):
            file[f"{group(i)}/1"] = BIASES[i]
        file[f"{group(1)}/0"] = KERNELS[1]
        put(file[group(0)])
    return path


def low_level(parent: h5py.Group, plist, shape=SIDES[:2], kind=h5py.h5t.IEEE_F32LE):
    """Create data set "0" by a creation list of its own."""
    space = h5py.h5s.create_simple(shape)
    return h5py.h5d.create(parent.id, b"0", kind, space, dcpl=plist)


def creation(chunk=None):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if chunk:
        plist.set_chunk(chunk)
    return plist


def patched(path: Path, old: bytes, new: bytes, count: int = 1) -> Path:
    """Replace bytes in a file, which must be there so many times."""
    content = path.read_bytes()
    assert content.count(old) == count, f"{content.count(old)} of {old!r}"
    path.write_bytes(content.replace(old, new))
    return path


def entry(kind: str, name: str, **config) -> dict:
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}}


def dense(name: str, **config) -> dict:
    """Return the entry of the first layer, or of one like it."""
    return entry("Dense", name, **{"units": SIDES[1], "activation": "relu", **config})


def configuration(*extra: dict, first: dict | None = None) -> dict:
    """Return the network's configuration, with `extra` layers before the last."""
    layers = [
        entry("InputLayer", "images", batch_shape=[None, SIDES[0]]),
        first or dense("dense"),
        *extra,
        entry("Dense", "dense_1", units=SIDES[2], activation="softmax"),
    ]
    config = {"name": "network", "trainable": True, "layers": layers}
    return {"module": "keras", "class_name": "Sequential", "config": config}


def weights_bytes(folder: Path) -> bytes:
    path = weights_file(folder / "part")
    content = path.read_bytes()
    path.unlink()
    return content


def keras_file(folder: Path, config: dict | bytes | str, **members: bytes) -> Path:
    """Write a `.keras` archive."""
    path = folder / "model.keras"
    text = json.dumps(config) if isinstance(config, dict) else config
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", members.get("weights") or weights_bytes(folder))
    return path


def legacy_file(folder: Path, names: list, put=None) -> Path:
    """Write a weights file of Keras 2 with one layer `a`, by whatever names it lists."""
    path = folder / "legacy.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"a"]
        holder = file.create_group("a")
        holder.attrs["weight_names"] = names
        holder["kernel"] = KERNELS[0]
        if put:
            put(file)
    return path


def legacy_model(folder: Path, config: dict) -> Path:
    """Write the network as Keras 2 does, a whole model."""
    path = folder / "legacy.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        holder = file.create_group("model_weights")
        holder.attrs["layer_names"] = [b"dense", b"dense_1"]
        for name, kernel, bias in zip(("dense", "dense_1"), KERNELS, BIASES, strict=True):
            layer = holder.create_group(name)
            layer.attrs["weight_names"] = [b"kernel", b"bias"]
            layer["kernel"], layer["bias"] = kernel, bias
    return path


def directory(path):
    """The content of an archive, and where its directory starts."""
    content = path.read_bytes()
    return content, struct.unpack("<I", content[-6:-2])[0]


def redirected(path, offset, kind, value, member=0):
    """Change a field of a member's entry in the directory."""
    content, place = directory(path)
    for _ in range(member):
        name, extra, comment = struct.unpack_from("<HHH", content, place + 28)
        place += 46 + name + extra + comment
    changed = bytearray(content)
    struct.pack_into(kind, changed, place + offset, value)
    path.write_bytes(changed)
    return path


def npz(path: Path, **members: bytes | np.ndarray) -> Path:
    """Write an archive of arrays, or of bytes that say they are."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            content = value if isinstance(value, bytes) else npy(value)
            archive.writestr(f"{name}.npy", content)
    return path


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def headed(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """Return an `.npy` file with a header of one's own."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


IMAGES = RNG.integers(0, 256, (4, 2, 3), dtype=np.uint8)
HIDDEN = np.maximum(IMAGES.reshape(4, 6) / 255 @ KERNELS[0] + BIASES[0], 0)
LABELS = (HIDDEN @ KERNELS[1] + BIASES[1]).argmax(axis=1).astype(np.uint8)  # all answered right


def zeros_by_the_gigabyte(count: int, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Return a deflate stream of so many GB of zeros; its sum at the end is wrong."""
    packer = zlib.compressobj(1, wbits=wbits)
    first = packer.compress(bytes(10**7)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(10**7)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (100 * count - 1) + packer.flush()
