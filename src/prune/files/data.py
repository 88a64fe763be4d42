"""Labelled images from an .npz archive or IDX files, checked before anyone computes on them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from prune import EnvironmentFailure, PruneError
from prune.core import anatomy
from prune.core.network import Network
from prune.files import archives, atomic, idx, limits, npy, regular
from prune.settings.pruning import AS_THEY_ARE, AUTO, BY_255, SIGNED
from prune.settings.spelling import closest

Split = Literal["train", "test"]

MNIST = Path(__file__).parent / "mnist" / "mnist.npz"
NAMES = ("mnist", "fashion-mnist")

_IDX_NAMES = {"train": "train", "test": "t10k"}


_MOST_CLASSES = 1_000_000
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of its package dataset-fashion-mnist
# Where Keras fetches them from, and the sums that their authors publish.
_FASHION_MNIST_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_FASHION_MNIST = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
_IDX_KINDS = {"images": "images-idx3-ubyte", "labels": "labels-idx1-ubyte"}
_NOTHING = b"PK\x05\x06"  # how an archive of nothing starts
_MOST = limits.PIXELS + 4096  # with the header
_LARGEST = float(np.finfo(np.float32).max)


class Scale(NamedTuple):
    """What is done to stored images: divided, and shifted."""

    divisor: float = 1
    shift: float = 0

    def of(self, images: np.ndarray) -> np.ndarray:
        """Return scaled images, as float32."""
        if self.divisor == 1:
            return images.astype(np.float32)
        scaled = np.divide(images, np.float32(self.divisor), dtype=np.float32)
        return np.add(scaled, np.float32(self.shift), out=scaled) if self.shift else scaled

    def undone(self, images: np.ndarray) -> np.ndarray:
        """Return images that were scaled as they were stored."""
        return (images - np.float32(self.shift)) * np.float32(self.divisor)

    def __str__(self) -> str:
        """Say what was done, after "the images were"."""
        if self.divisor == 1:
            return "taken as they are"
        moved = f" and less {-self.shift:g}" if self.shift else ""
        return f"divided by {self.divisor:g}{moved}"


# By the names of settings.pruning.SCALES, but AUTO.
BY_NAME = {AS_THEY_ARE: Scale(), BY_255: Scale(255), SIGNED: Scale(127.5, -1)}


class Data(NamedTuple):
    """One split of a data set."""

    images: np.ndarray  # (n, inputs) float32, scaled
    labels: np.ndarray  # (n,) int64, from 0
    classes: int  # one more than the largest label of the whole split
    sha256: str  # of the stored images and labels, all of them, whatever the limit
    split: Split = "test"
    stored: str = "float32"  # the type of the images before
    scale: Scale = Scale()


def load(source: str, split: Split, limit: int | None = None, scale: str = AUTO) -> Data:
    """Read the first `limit` images of a split.

    `source` is one of NAMES, an .npz in Keras' layout (x_train, y_train, x_test, y_test), or a
    folder of IDX files under their usual names, `.gz` or not.  `scale` is a name of BY_NAME, or
    "auto", which divides whole numbers by 255, as images are stored, and takes decimals as they
    are.  Raises `PruneError` naming the source, the split and what is wrong with it.
    """
    path = _locate(source)
    try:
        images, labels = (_read_idx if path.is_dir() else _read_npz)(path, split)
        _check(images, labels, split)
        scaling = _scale(images, scale, split)
    except PruneError as error:
        raise PruneError(f"data {source}: {error}") from error
    digest = hashlib.sha256(np.ascontiguousarray(images))
    digest.update(np.ascontiguousarray(labels))
    return Data(
        scaling.of(_flat(images[:limit])),
        labels.ravel()[:limit].astype(np.int64),
        int(labels.max()) + 1,
        digest.hexdigest(),
        split,
        str(images.dtype),
        scaling,
    )


def check_fits(data: Data, network: Network, source: str) -> None:
    """Refuse data that `network` cannot answer."""
    inputs, classes = anatomy.of(network).sides()
    if data.images.shape[1] != inputs:
        raise PruneError(
            f"data {source}: {data.split} images have {data.images.shape[1]} pixels, "
            f"but the network takes {inputs}"
        )
    if data.classes > classes:
        raise PruneError(
            f"data {source}: {data.split} labels go up to {data.classes - 1}, "
            f"but the network has {classes} outputs (0 to {classes - 1})"
        )


def _locate(source: str) -> Path:
    if source == "mnist":
        return MNIST
    if source == "fashion-mnist":
        return _fashion_mnist()
    path = Path(source)
    if not path.exists():
        raise PruneError(
            f"data {source}: no such file or folder{closest(source, NAMES)}; "
            f"give {' or '.join(NAMES)}, an .npz file, or a folder of IDX files"
        )
    return path


def _fashion_mnist() -> Path:
    """Find the IDX files where Keras keeps them or Debian installs them, else download them."""
    keras_home = Path(os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser())
    cache = keras_home / "datasets" / "fashion-mnist"
    for folder in (cache, _DEBIAN):
        if all(_idx_file(folder, split, kind) for split in _IDX_NAMES for kind in _IDX_KINDS):
            return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for name, md5 in _FASHION_MNIST.items():
            _download(f"{_FASHION_MNIST_ADDRESS}/{name}", md5, cache / name)
    except OSError as error:
        raise EnvironmentFailure(
            f"data fashion-mnist: not found in {cache}, and the download failed ({error}); "
            "name the folder of its four IDX files with --data FOLDER"
        ) from error
    return cache


def _download(address: str, md5: str, path: Path) -> None:
    from urllib.request import urlopen  # here, since it is slow to import and seldom needed

    with urlopen(address, timeout=30) as answer:  # noqa: S310  (the address is ours)
        content = answer.read()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise OSError(f"what {address} sent is not {path.name}")
    atomic.write(path, content)


def _idx_file(folder: Path, split: str, kind: str) -> Path | None:
    stem = f"{_IDX_NAMES[split]}-{_IDX_KINDS[kind]}"
    # The second spelling is that of archives unpacked by some tools.
    spellings = (stem, stem.replace("-idx", ".idx"))
    paths = (folder / f"{name}{end}" for name in spellings for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _read_idx(folder: Path, split: Split) -> tuple[np.ndarray, np.ndarray]:
    arrays = []
    for kind, magic in (("images", idx.IMAGES), ("labels", idx.LABELS)):
        path = _idx_file(folder, split, kind)
        if path is None:
            name = f"{_IDX_NAMES[split]}-{_IDX_KINDS[kind]}"
            raise PruneError(f"the folder has no {name} or {name}.gz")
        arrays.append(idx.parse(path, magic))
    return arrays[0], arrays[1]


def _read_npz(path: Path, split: Split) -> tuple[np.ndarray, np.ndarray]:
    content = regular.read(path)
    if content.startswith(npy.MAGIC):
        raise PruneError("is a single array; an .npz with x_test and y_test is needed")
    if not content.startswith((archives.SIGNATURE, _NOTHING)):
        raise PruneError(f"is not a readable .npz file (it starts with {content[:8]!r})")
    archive = archives.opened(content)
    held = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    names = [f"x_{split}", f"y_{split}"]
    if missing := [name for name in names if name not in held]:
        raise PruneError(
            f"has no {' and no '.join(missing)}; it holds {_listed(held) or 'nothing'}"
        )
    images, labels = (archives.member(archive, f"{name}.npy", _MOST) for name in names)
    return npy.parse(images, names[0]), npy.parse(labels, names[1])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _check(images: np.ndarray, labels: np.ndarray, split: Split) -> None:
    if images.dtype.kind not in "uif" or images.ndim < 2:
        raise PruneError(
            f"{split} images are {images.dtype} of shape {images.shape}; "
            "numbers of shape (n, height, width) or (n, pixels) are needed"
        )
    if labels.dtype.kind not in "ui" or labels.ndim not in (1, 2) or labels.size != len(labels):
        raise PruneError(
            f"{split} labels are {labels.dtype} of shape {labels.shape}; "
            "whole numbers of shape (n,) are needed"
        )
    if len(images) != len(labels):
        raise PruneError(f"there are {len(images):,} {split} images but {len(labels):,} labels")
    if len(images) == 0 or images.size == 0:
        raise PruneError(f"there are no {split} images")
    if labels.min() < 0 or labels.max() >= _MOST_CLASSES:
        raise PruneError(
            f"{split} labels go from {labels.min()} to {labels.max()}; "
            f"they count from 0, and up to {_MOST_CLASSES:,}"
        )


def _scale(images: np.ndarray, asked: str, split: Split) -> Scale:
    """Return how the images are to be scaled; refuse numbers that no network takes."""
    whole = images.dtype.kind in "ui"
    scale = BY_NAME[(BY_255 if whole else AS_THEY_ARE) if asked == AUTO else asked]
    if images.dtype == np.uint8:
        return scale
    low, high = images.min(), images.max()
    if not (low >= -_LARGEST and high <= _LARGEST):  # so written, NaN fails too
        raise PruneError(
            f"{split} pixels go from {low} to {high}; finite numbers of float32 are needed"
        )
    if whole and asked == AUTO and not (low >= 0 and high <= 255):
        raise PruneError(
            f"{split} images hold whole numbers from {low} to {high}, not from 0 to 255; "
            "give --scale none to take them as they are, or --scale 255"
        )
    return scale


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)
