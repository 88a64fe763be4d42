"""Labelled images from an .npz archive or IDX files, checked before anyone computes on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Literal, NamedTuple
from zipfile import ZipFile

import numpy as np

from prune import EnvironmentFailure, PruneError
from prune.core import anatomy
from prune.core import inputs as core_inputs
from prune.core import judge as judges
from prune.core.inputs import Inputs
from prune.core.judge import Judge
from prune.core.network import Network
from prune.files import archives, atomic, idx, limits, npy, regular
from prune.settings.pruning import AS_THEY_ARE, AUTO, BY_255, SIGNED
from prune.settings.spelling import closest

Split = Literal["train", "test"]

MNIST = Path(__file__).parent / "mnist" / "mnist.npz"
NAMES = ("mnist", "fashion-mnist")

_IDX_NAMES = {"train": "train", "test": "t10k"}


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

    inputs: Inputs  # (n, ...) float32, scaled, but for those taken as they are
    targets: Inputs  # (n, ...) as stored
    classes: int  # one more than the largest label of the whole split; 0 where these are no labels
    sha256: str  # of the stored arrays, all of them, whatever the limit
    split: Split = "test"
    stored: str = "float32"  # the type of the images before
    scale: Scale = Scale()
    judge: Judge | None = None  # of what a network answers, once it is known which

    @property
    def images(self) -> np.ndarray:
        """The inputs as rows of numbers, (n, inputs), as chains of Dense layers take them."""
        if isinstance(self.inputs, dict):
            raise PruneError(
                f"there are {len(self.inputs)} inputs, {', '.join(self.inputs)}; chains of Dense "
                "layers take one"
            )
        return self.inputs.reshape(len(self.inputs), -1)

    @property
    def labels(self) -> np.ndarray:
        """The classes, (n,) int64."""
        if self.judge is not None:
            return self.judge.labels
        found = None if isinstance(self.targets, dict) else judges.labels(self.targets)
        if found is None or found.min() < 0:
            raise PruneError(f"{self.split} labels {_unlike_labels(self.targets)}")
        return found

    @property
    def total(self) -> int:
        """How many examples there are."""
        return core_inputs.count(self.inputs)

    def part(self, places: np.ndarray | slice) -> Data:
        """Return some of it."""
        return self._replace(
            inputs=core_inputs.part(self.inputs, places),
            targets=core_inputs.part(self.targets, places),
            judge=self.judge and self.judge.part(places),
        )


def load(
    source: str,
    split: Split,
    limit: int | None = None,
    scale: str = AUTO,
    as_they_are: Collection[str] = (),
) -> Data:
    """Read the first `limit` examples of a split.

    `source` is one of NAMES, an .npz in Keras' layout (x_train, y_train, x_test, y_test; several
    inputs and outputs as x_test.NAME and y_test.NAME), or a folder of IDX files under their usual
    names, `.gz` or not.  `scale` is a name of BY_NAME, or "auto", which divides whole numbers by
    255, as images are stored, and takes decimals as they are.  Inputs named in `as_they_are`, of
    which a plain array has the name "", are not scaled.  Raises `PruneError` naming the source,
    the split and what is wrong with it.
    """
    path = _locate(source)
    try:
        given, targets = (_read_idx if path.is_dir() else _read_npz)(path, split)
        return held(given, targets, split, Taken(limit, scale, as_they_are))
    except PruneError as error:
        raise PruneError(f"data {source}: {error}") from error


class Taken(NamedTuple):
    """How much is taken of arrays, and how."""

    limit: int | None = None  # the first so many
    scale: str = AS_THEY_ARE
    as_they_are: Collection[str] = ()  # names of inputs that are not scaled, whatever the scale


_ALL = Taken()


def held(
    given: Inputs,
    targets: Inputs,
    split: Split,
    taken: Taken = _ALL,
) -> Data:
    """Return arrays in memory as a split of data."""
    limit, scale, as_they_are = taken
    _check(given, targets, split)
    arrays = core_inputs.named(given)
    scales = {
        name: None if name in as_they_are else _scale(array, scale, split)
        for name, array in arrays.items()
    }
    scaled = {name: _scaled(array[:limit], scales[name]) for name, array in arrays.items()}
    first = _each(given)[0]
    return Data(
        scaled if isinstance(given, dict) else scaled[""],
        core_inputs.part(targets, slice(limit)),
        _classes(targets),
        _digest(given, targets),
        split,
        str(first.dtype),
        next((each for each in scales.values() if each is not None), Scale()),
    )


def _each(arrays: Inputs) -> list[np.ndarray]:
    return list(core_inputs.named(arrays).values())


def _unlike_labels(targets: Inputs) -> str:
    """Say what is wrong with what are no labels."""
    if isinstance(targets, dict) or targets.dtype.kind not in "ui" or targets.size != len(targets):
        held = " and ".join(f"{each.dtype} of shape {each.shape}" for each in _each(targets))
        return f"are {held}; whole numbers of shape (n,) are needed"
    return (
        f"go from {targets.min()} to {targets.max()}; they count from 0, and up to "
        f"{judges.MOST_CLASSES:,}"
    )


def refuse_unlabelled(data: Data, source: str) -> None:
    """Refuse data without labels, where only those will do."""
    try:
        _ = data.labels
    except PruneError as error:
        raise PruneError(f"data {source}: {error}") from error


def _classes(targets: Inputs) -> int:
    labels = None if isinstance(targets, dict) else judges.labels(targets)
    return 0 if labels is None or labels.min() < 0 else int(labels.max()) + 1


def _digest(given: Inputs, targets: Inputs) -> str:
    digest = hashlib.sha256()
    for arrays in (given, targets):
        for name, array in sorted(core_inputs.named(arrays).items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def fitted(data: Data, network: Network, source: str) -> Data:
    """Return the data as `network` takes them; refuse what it cannot answer."""
    whole = anatomy.of(network)
    try:
        shapes = whole.inputs()
        given = core_inputs.fitted(data.inputs, shapes, f"{data.split} images")
        judge = judges.of(
            data.targets, whole.outputs(), whole.loss, f"{data.split} labels", data.classes
        )
    except PruneError as error:
        raise PruneError(f"data {source}: {error}") from error
    inputs = given if len(given) > 1 else next(iter(given.values()))
    return data._replace(inputs=inputs, judge=judge)


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


def _read_npz(path: Path, split: Split) -> tuple[Inputs, Inputs]:
    content = regular.read(path)
    if content.startswith(npy.MAGIC):
        raise PruneError("is a single array; an .npz with x_test and y_test is needed")
    if not content.startswith((archives.SIGNATURE, _NOTHING)):
        raise PruneError(f"is not a readable .npz file (it starts with {content[:8]!r})")
    archive = archives.opened(content)
    members = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    names = [f"x_{split}", f"y_{split}"]
    found = [[m for m in members if m == name or m.startswith(f"{name}.")] for name in names]
    if missing := [name for name, own in zip(names, found, strict=True) if not own]:
        raise PruneError(
            f"has no {' and no '.join(missing)}; it holds {_listed(members) or 'nothing'}"
        )
    inputs, targets = (_arrays(archive, *pair) for pair in zip(names, found, strict=True))
    return inputs, targets


def _arrays(archive: ZipFile, name: str, found: list[str]) -> Inputs:
    """Return the one array of that name, or those named after it."""
    read = {each: npy.parse(archives.member(archive, f"{each}.npy", _MOST), each) for each in found}
    if name not in read:
        return {each.removeprefix(f"{name}."): array for each, array in read.items()}
    if len(read) > 1:
        raise PruneError(f"holds both {name} and {found[1 - found.index(name)]}; keep one of them")
    return read[name]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _check(given: Inputs, targets: Inputs, split: Split) -> None:
    for images in _each(given):
        flat = 1 if isinstance(given, dict) else 2
        if images.dtype.kind not in "uif" or images.ndim < flat:
            raise PruneError(
                f"{split} images are {images.dtype} of shape {images.shape}; "
                "numbers of shape (n, height, width) or (n, pixels) are needed"
            )
        if len(images) == 0 or images.size == 0:
            raise PruneError(f"there are no {split} images")
    for wanted in _each(targets):
        if wanted.dtype.kind not in "uif" or wanted.ndim < 1:
            raise PruneError(
                f"{split} labels are {wanted.dtype} of shape {wanted.shape}, no numbers"
            )
        if wanted.dtype.kind == "f" and not np.isfinite(wanted).all():
            raise PruneError(f"{split} labels hold numbers that are not finite")
    images, labels = (dict.fromkeys(map(len, _each(each))) for each in (given, targets))
    if len(images | labels) > 1:
        counts = [" and ".join(f"{n:,}" for n in each) for each in (images, labels)]
        raise PruneError(f"there are {counts[0]} {split} images but {counts[1]} labels")


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


def _scaled(images: np.ndarray, scale: Scale | None) -> np.ndarray:
    return images if scale is None else scale.of(images)
