"""`layers.json`: the layers of a network, what each reads, and what pruning left of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from prune import PruneError
from prune.core.outline import Count, Counts, Node, Outline

_TEXTS = ("name", "kind", "stays")
_LISTS = ("reads", "groups", "kernels")


class Layers(NamedTuple):
    """What a file holds."""

    outline: Outline
    whole: Counts
    left: tuple[Counts, ...] = ()  # in the order of the rows of table.json; or nothing


def to_json(outline: Outline, whole: Counts, left: Sequence[Counts]) -> str:
    """Return the text of the file, a node and a point a line."""
    parts = {"nodes": [node._asdict() for node in outline], "whole": [whole], "left": left}
    texts = (f'"{name}": [\n{_lines(entries)}\n]' for name, entries in parts.items())
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _lines(entries: Sequence[Any]) -> str:
    return ",\n".join(f"  {json.dumps(entry, separators=(',', ':'))}" for entry in entries)


def parse(text: bytes) -> Layers:
    """Return what the text of a file holds; `PruneError` says what is wrong with it."""
    try:
        found = json.loads(text)
        outline = tuple(map(_node, found["nodes"]))
        (whole,) = map(_counts, found["whole"])
        left = tuple(map(_counts, found["left"]))
        _check(outline, whole, left)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PruneError(f"is not as prune writes it ({type(error).__name__}: {error})") from error
    return Layers(outline, whole, left)


def _node(found: dict[str, Any]) -> Node:
    texts = {name: found[name] for name in _TEXTS}
    lists = {name: tuple(found[name]) for name in _LISTS}
    if not all(isinstance(each, str) for each in [*texts.values(), *sum(lists.values(), ())]):
        raise TypeError("a name is no text")
    return Node(**texts, **lists)


def _check(outline: Outline, whole: Counts, left: tuple[Counts, ...]) -> None:
    """Refuse counts that are not of the nodes there are, or of others than the whole network's."""
    if not outline or len(whole) != len(outline):
        raise ValueError(f"{len(whole)} counts of {len(outline)} layers")
    known = [each is None for each in whole]
    if any([each is None for each in counts] != known for counts in left):
        raise ValueError("counts of other layers than the whole network has")


def _counts(found: list[Any]) -> Counts:
    return tuple(None if each is None else _count(each) for each in found)


def _count(found: list[Any]) -> Count:
    count = Count(*found)
    if not all(type(number) is int and number >= 0 for number in count):
        raise ValueError("a count is no whole number")
    return count
