"""What is asked in Python, as the settings that the command line has: the same words and errors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from prune.settings import lists
from prune.settings.fields import settings
from prune.settings.kinds import meant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Owner = TypeVar("Owner", bound="DataclassInstance")


def read(owner: type[Owner], given: Mapping[str, Any]) -> Owner:
    """Return the settings that `owner` declares, of those given; None stands for the default."""
    kinds = {each.name: own.kind for each, own in settings(owner)}
    plain = {each.name for each in fields(owner)} - kinds.keys()
    return owner(
        **{
            name: value if name in plain else meant(kinds[name], name, as_written(value))
            for name, value in given.items()
            if value is not None
        }
    )


def warn_of_shares(sparsities: Sequence[Fraction]) -> None:
    """Warn who seems to have meant a share, as other tools take it: percents are asked for."""
    if remark := lists.hint(sparsities, "k="):
        warnings.warn(remark, stacklevel=3)


def as_written(value: Any) -> Any:
    """Return a value as a settings file would hold it: lists for tuples, texts for paths."""
    if isinstance(value, tuple | set | frozenset | range):
        return list(value)
    if hasattr(value, "__fspath__"):
        return str(value)
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
