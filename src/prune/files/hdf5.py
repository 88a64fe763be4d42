"""HDF5 as plain arrays and texts, read without following anything out of the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

import h5py
import numpy as np

from prune import PruneError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# The most that one byte of a deflate stream can expand to.
_DEFLATE_BOUND = 1032
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}


@contextmanager
def opened(content: bytes) -> Iterator[h5py.File]:
    """Open the bytes of an HDF5 file; whatever HDF5 finds wrong in them is a `PruneError`."""
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise PruneError(f"is a broken or truncated HDF5 file ({reason})") from error


def subgroup(parent: h5py.Group, path: str) -> h5py.Group | None:
    """Return the group at `path` below `parent`, or None; links on the way are refused."""
    group: h5py.Group | None = parent
    for name in path.split("/"):
        group = None if group is None else _child(group, name)
        if group is not None and not isinstance(group, h5py.Group):
            raise PruneError(f"has {group.name} where a group belongs")
    return group


def _child(parent: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    if name not in parent.keys():  # noqa: SIM118  (`in parent` resolves links)
        return None
    link = parent.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise PruneError(f"has a link out of place at {parent.name}/{name}; links are not followed")
    return parent[name]


def array(parent: h5py.Group, path: str) -> np.ndarray:
    """Return the data set at `path` below `parent` as float32; it must be stored in the file."""
    folder, _, name = path.rpartition("/")
    group = subgroup(parent, folder) if folder else parent
    dataset = None if group is None else _child(group, name)
    if not isinstance(dataset, h5py.Dataset):
        raise PruneError(f"has no data set {path}")
    _check(dataset)
    return dataset[()].astype(np.float32, copy=False)


def _check(dataset: h5py.Dataset) -> None:
    where = f"data set {dataset.name}"
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8):
        raise PruneError(f"{where} holds {dataset.dtype}; weights are float16, float32 or float64")
    if dataset.is_virtual or dataset.external:
        raise PruneError(f"{where} is stored outside the file, which is not followed")
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(i)[0] for i in range(creation.get_nfilters())]
    if not _FILTERS.issuperset(filters) or filters.count(h5py.h5z.FILTER_DEFLATE) > 1:
        raise PruneError(f"{where} is stored with filters other than gzip and shuffle")
    stored = dataset.id.get_storage_size()
    bound = stored * (_DEFLATE_BOUND if h5py.h5z.FILTER_DEFLATE in filters else 1)
    size = prod(dataset.shape) * dataset.dtype.itemsize
    if size > bound:
        raise PruneError(
            f"{where} declares {size:,} bytes of shape {dataset.shape}, "
            f"which the {stored:,} bytes stored cannot hold"
        )


def text(holder: h5py.Group, name: str) -> str | None:
    """Return the text attribute `name`, or None."""
    value = holder.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, str) else None


def texts(holder: h5py.Group, name: str) -> list[str] | None:
    """Return the attribute `name`, a list of texts, or None."""
    value = holder.attrs.get(name)
    if not isinstance(value, np.ndarray):
        return None
    return [item.decode() if isinstance(item, bytes) else str(item) for item in value.ravel()]
