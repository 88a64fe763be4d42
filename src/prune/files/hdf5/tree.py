"""Groups and what is in them, by name: what the readers of Keras' files see."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.files import limits
from prune.files.hdf5 import arrays, headers, links
from prune.files.hdf5 import texts as attributes
from prune.files.hdf5.blocks import Contents
from prune.files.hdf5.headers import LAYOUT, LINK, LINK_INFO, SYMBOLS, Message
from prune.files.names import short

_GROUPS = {SYMBOLS, LINK, LINK_INFO}


class Branch(NamedTuple):
    """A group of a file."""

    source: Contents
    name: str
    messages: list[Message]
    links: dict[str, int | None]


def root(content: bytes) -> Branch:
    """Return the outermost group; whatever is wrong with the bytes is a `PruneError`."""
    source = Contents(content)
    return _group(source, "", headers.messages(source, headers.root(content)))


def _group(source: Contents, name: str, messages: list[Message]) -> Branch:
    return Branch(source, name, messages, links.links(source, messages))


def names(group: Branch) -> list[str]:
    """List what is in a group, links that are not followed included."""
    return sorted(group.links)


def subgroup(parent: Branch, path: str) -> Branch | None:
    """Return the group at `path` below `parent`, or None; links on the way are refused."""
    group: Branch | None = parent
    for name in _split(path):
        address = None if group is None else _address(group, name)
        if group is None or address is None:
            return None
        where = f"{group.name}/{name}"
        messages = headers.messages(group.source, address)
        if not _GROUPS & {message.kind for message in messages}:
            raise PruneError(f"has {short(where)} where a group belongs")
        group = _group(group.source, where, messages)
    return group


def _split(path: str) -> list[str]:
    parts = path.split("/")
    if len(parts) > limits.DEPTH or {"", ".", ".."} & set(parts):
        raise PruneError(f"has the path {short(path)!r}, which Keras does not write")
    return parts


def _address(parent: Branch, name: str) -> int | None:
    address = parent.links.get(name, -1)
    if address is None:
        where = short(f"{parent.name}/{name}")
        raise PruneError(f"has a link out of place at {where}; links are not followed")
    return None if address < 0 else address


def array(parent: Branch, path: str) -> np.ndarray:
    """Return the data set at `path` below `parent` as float32; it must be stored in the file."""
    return _data_set(parent, path, arrays.read)


def numbers(parent: Branch, path: str) -> np.ndarray:
    """Return the data set at `path` below `parent`, one number or many, as it is stored."""
    return _data_set(parent, path, arrays.numbers)


def _data_set(parent: Branch, path: str, read: Callable[..., np.ndarray]) -> np.ndarray:
    *folders, name = _split(path)
    group = subgroup(parent, "/".join(folders)) if folders else parent
    address = None if group is None else _address(group, name)
    if group is None or address is None:
        raise PruneError(f"has no data set {short(path)}")
    messages = headers.messages(group.source, address)
    where = short(f"{group.name}/{name}")
    if LAYOUT not in {message.kind for message in messages}:
        raise PruneError(f"has {where} where a data set belongs")
    try:
        return read(group.source, address, messages)
    except PruneError as error:
        raise PruneError(f"data set {where} {error}") from error


def text(holder: Branch, name: str) -> str | None:
    """Return the text attribute `name`, or None."""
    values = texts(holder, name)
    return values[0] if values else None


def texts(holder: Branch, name: str) -> list[str] | None:
    """Return the attribute `name`, a list of texts, or None."""
    return attributes.attribute(holder.source, holder.messages, name)


def listed(holder: Branch, name: str) -> list[str]:
    """Return a list of texts that Keras splits over `name0`, `name1`, ... where it is long."""
    whole = texts(holder, name)
    if whole is not None:
        return whole
    found: list[str] = []
    for number in range(limits.LINKS):
        part = texts(holder, f"{name}{number}")
        if part is None:
            break
        found += part
    return found
