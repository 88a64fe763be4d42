"""Data as scripts have them, as arrays: pairs of arrays, data sets and loaders of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from prune import PruneError
from prune.core.inputs import Inputs
from prune.files import data
from prune.files.data import Data, Split

_NEEDED = "(x, y) arrays, or a data set or loader of such batches, is needed"


def read(given: Any, split: Split, names: list[str]) -> Data:
    """Return data as one split; `names` are the inputs of the model, for x that is a list."""
    x, y = given if _is_pair(given) else _gathered(given)
    return data.held(_inputs(x, names), _inputs(y, []), split)


def is_function(given: Any) -> bool:
    """Tell whether data are a function of a model; a data set can be called by nobody."""
    return callable(given) and not isinstance(given, Iterable) and not hasattr(given, "num_batches")


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple | list) and len(given) == 2


def _gathered(given: Any) -> tuple[Any, Any]:
    """Return all batches of a data set as one."""
    pairs = [_pair(batch) for batch in _batches(given)]
    if not pairs:
        raise PruneError(f"the data are empty; {_NEEDED}")
    xs, ys = zip(*pairs, strict=True)
    return _joined(xs), _joined(ys)


def _batches(given: Any) -> Iterator[Any]:
    if hasattr(given, "__getitem__") and hasattr(given, "num_batches"):  # a keras PyDataset
        return (given[i] for i in range(given.num_batches))
    if not isinstance(given, Iterable) or isinstance(given, np.ndarray | Mapping | str):
        raise PruneError(f"data are {type(given).__name__}; {_NEEDED}")
    return iter(given)


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or not 2 <= len(batch) <= 3:
        raise PruneError(f"a batch is {type(batch).__name__}, and not a pair (x, y); {_NEEDED}")
    return batch[0], batch[1]


def _joined(parts: tuple[Any, ...]) -> Any:
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: _joined(tuple(part[name] for part in parts)) for name in first}
    if isinstance(first, tuple | list):
        return [_joined(each) for each in zip(*parts, strict=True)]
    return np.concatenate([_array(part) for part in parts])


def _inputs(given: Any, names: list[str]) -> Inputs:
    if isinstance(given, Mapping):
        return {name: _array(each) for name, each in given.items()}
    if isinstance(given, tuple | list) and given and np.ndim(given[0]) > 0 and len(names) > 1:
        return {name: _array(each) for name, each in zip(names, given, strict=True)}
    return _array(given)


def _array(given: Any) -> np.ndarray:
    """Return a tensor of any backend as an array."""
    if hasattr(given, "detach"):  # of PyTorch
        given = given.detach().cpu()
    return np.asarray(given)
