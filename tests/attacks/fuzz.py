"""Spoil good files at random and give them to the readers: an answer or a refusal, nothing else.

    python -m attacks.fuzz SEED COUNT

Prints, as JSON, how many were answered and refused, and what else came of any, with its number.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import signal
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import h5py

from attacks.idx import idx
from attacks.material import BIASES, IMAGES, KERNELS, LABELS, configuration, group, npy
from attacks.run import MEMORY, TookTooLong, stop
from prune import PruneError
from prune.core.network import Layer
from prune.files import data, keras_writer, sparse, weights

SECONDS = 5  # of processor time, for a file of some kB


def network():
    names = ("relu", "softmax")
    parts = zip("ab", KERNELS, BIASES, names, strict=True)
    return tuple(Layer(name, kernel, bias, kind) for name, kernel, bias, kind in parts)


def hdf5(put, **more):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **more) as file:
        put(file)
    return buffer.getvalue()


def plain(file, **packed):
    for i in range(2):
        file.create_dataset(f"{group(i)}/0", data=KERNELS[i], **packed)
        file[f"{group(i)}/1"] = BIASES[i]


def blocks(file):
    plain(file, chunks=(2, 2), compression="gzip", shuffle=True)


def crowded(file):
    """Names and attributes enough for HDF5 to keep them in its newer form."""
    plain(file)
    for i in range(20):
        file.create_group(f"layers/dropout_{i}")
        file.attrs[f"other{i}"] = "x"


def legacy(file):
    file.attrs["layer_names"] = [b"a", b"b"]
    for name, kernel in zip("ab", KERNELS, strict=True):
        file[f"{name}/{name}/kernel:0"] = kernel
        file[name].attrs.create("weight_names", [f"{name}/kernel:0"], dtype=h5py.string_dtype())


def packed(members):
    """Return an archive whose sums are right, so that what is spoiled is looked into."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FILES = {
    "both layouts": keras_writer.hdf5_bytes(network()),
    "plain": hdf5(plain),
    "blocks": hdf5(blocks),
    "legacy": hdf5(legacy),
    "newer": hdf5(crowded, libver="v108"),
    "newest": hdf5(plain, libver="latest"),
    "keras": keras_writer.keras_bytes(network()),
    "sparse": sparse.to_bytes(network()),
}
CONFIGURATION, WEIGHTS = json.dumps(configuration()).encode(), FILES["plain"]
with zipfile.ZipFile(io.BytesIO(FILES["sparse"])) as _archive:
    MEMBERS = {name: _archive.read(name) for name in _archive.namelist()}
ARRAYS = {"x_test.npy": npy(IMAGES), "y_test.npy": npy(LABELS)}
ODD = [b"\0", b"\xff", b"\x7f", b"\x80", b"\1"]


def spoiled(chance, content):
    """Return the content with a few bytes changed, moved, left out or cut off."""
    spoilt = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
        place, size = chance.randrange(len(spoilt)), chance.choice([1, 2, 4, 8, 30])
        kind = chance.randrange(12)
        if kind < 3:
            spoilt[place] ^= 1 << chance.randrange(8)
        elif kind < 6:
            spoilt[place : place + size] = chance.choice(ODD) * size
        elif kind < 8:
            spoilt[place : place + 8] = chance.randrange(len(spoilt)).to_bytes(8, "little")
        elif kind < 11:
            other = chance.randrange(len(spoilt))
            spoilt[place : place + size] = spoilt[other : other + size]
        elif chance.random() < 0.5:
            del spoilt[place : place + size]
        else:
            del spoilt[max(1, place) :]
        spoilt = spoilt or bytearray(1)
    return bytes(spoilt)


def archive_of(chance, members):
    """Return an archive with one of its members spoiled."""
    name = chance.choice(list(members))
    return packed({**members, name: spoiled(chance, members[name])})


def weights_of(chance, folder):
    content = chance.choice(
        [
            *(spoiled(chance, content) for content in FILES.values()),
            *[archive_of(chance, {"config.json": CONFIGURATION, "model.weights.h5": WEIGHTS})] * 2,
            *[archive_of(chance, MEMBERS)] * 2,
        ]
    )
    return lambda: weights.parse(content, Path("x"))


def data_of(chance, folder):
    path = folder / "d.npz"
    content = archive_of(chance, ARRAYS) if chance.random() < 0.7 else packed(ARRAYS)
    path.write_bytes(content if chance.random() < 0.7 else spoiled(chance, content))
    return lambda: data.load(str(path), "test")


def idx_of(chance, folder):
    images, labels = idx(IMAGES), idx(LABELS)
    end, pack = chance.choice([("", bytes), (".gz", gzip.compress)])
    place = folder / f"idx{end}"
    place.mkdir(exist_ok=True)
    (place / f"t10k-images-idx3-ubyte{end}").write_bytes(spoiled(chance, pack(images)))
    (place / f"t10k-labels-idx1-ubyte{end}").write_bytes(pack(spoiled(chance, labels)))
    return lambda: data.load(str(place), "test")


def outcome(read):
    """Return what comes of reading: one of two words, or what should never be."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        read()
    except PruneError:
        return "refused"
    except TookTooLong:
        return "took too long"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "answered"


def main(seed, count):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, stop)
    warnings.simplefilter("error")
    found: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            chance = random.Random(f"{seed} {number}")  # so that each can be made again alone
            make = chance.choice([weights_of] * 6 + [data_of, idx_of])
            found.setdefault(outcome(make(chance, Path(folder))), []).append(number)
    told = {word: len(found.pop(word, [])) for word in ("answered", "refused")}
    sys.stdout.write(json.dumps({**told, "else": {word: n[:5] for word, n in found.items()}}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
