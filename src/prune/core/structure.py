"""The structure of any network as named arrays: kernels, units, groups, and what masks do to them.

Nothing here knows layers: an array has axes, and an axis runs along units or does not.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.core.network import Masks, Scores
from prune.settings.spelling import closest

Arrays = dict[str, np.ndarray]  # by name, `conv2d/kernel`

# What an axis does for the units that it runs along.
MADE = "made"  # they are computed here: kernel column, bias, gamma, beta; zeroed and cut
READ = "read"  # rows of what reads them: zeroed and cut
CARRIED = "carried"  # goes with them, never zeroed: a moving variance; cut

FIXED = -1  # instead of a unit's number: what runs here stays
SPARED = ("depthwise", "embedding")  # kinds of kernels that hold few weights and lose most

_ROWS = 1 << 22  # how many entries are squared at a time, or a large kernel is held in float64


class Kernel(NamedTuple):
    """An array that is seen as a matrix (inputs, units)."""

    layer: str
    kind: str  # "kernel", or one of `SPARED`
    units: tuple[int, ...]  # its axes that run along units; all others are inputs
    output: bool  # of an output layer, and so never pruned


class Axis(NamedTuple):
    """The units that an axis of an array runs along, and what the array does for them."""

    units: np.ndarray  # (length,) numbers of units, or FIXED
    role: str


class Group(NamedTuple):
    """Units that are ranked with each other, since some layer makes them side by side."""

    units: np.ndarray  # (size,) their numbers
    layers: tuple[str, ...]  # that make them


class Reading(NamedTuple):
    """A kernel that reads the units of a group."""

    kernel: str
    units: np.ndarray  # (inputs,): which unit of the group each row reads, or -1


class Frozen(NamedTuple):
    """Units of a layer that stay, and why, in words that follow "stay: "."""

    layer: str
    units: int
    reason: str


class Structure(NamedTuple):
    """What in a network can be pruned.  Units are numbered through all groups."""

    shapes: dict[str, tuple[int, ...]]
    kernels: dict[str, Kernel]
    axes: dict[tuple[str, int], Axis]  # by array and axis; an axis that is absent stays whole
    groups: dict[str, Group]
    frozen: tuple[Frozen, ...]
    alike: tuple[tuple[np.ndarray, np.ndarray], ...] = ()  # units of which as many must be left


def prunable(structure: Structure, include: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Name the kernels to prune by weight: none of an output; `SPARED` kinds only if included.

    `include` holds names of kernels or of their layers.
    """
    return tuple(
        name
        for name, kernel in structure.kernels.items()
        if not kernel.output
        and (kernel.kind not in SPARED or name in include or kernel.layer in include)
    )


def matrices(structure: Structure, arrays: Arrays) -> Arrays:
    """Return each kernel as its matrix (inputs, units); a view where memory allows it."""
    return {name: matrix(structure, name, arrays[name]) for name in structure.kernels}


def matrix(structure: Structure, name: str, array: np.ndarray) -> np.ndarray:
    """Return an array of the shape of a kernel as the matrix that the kernel is seen as."""
    units = structure.kernels[name].units
    ends = range(array.ndim - len(units), array.ndim)
    moved = np.moveaxis(array, units, tuple(ends))
    return moved.reshape(-1, _product([array.shape[axis] for axis in units]))


def from_matrix(matrix: np.ndarray, kernel: Kernel, shape: tuple[int, ...]) -> np.ndarray:
    """Return a matrix (inputs, units) in the shape of the kernel that it is seen for.

    >>> kernel = Kernel("transposed", "kernel", (0,), False)
    >>> from_matrix(np.arange(6).reshape(3, 2), kernel, (2, 3))
    array([[0, 2, 4],
           [1, 3, 5]])
    """
    inputs = [size for axis, size in enumerate(shape) if axis not in kernel.units]
    sizes = inputs + [shape[axis] for axis in kernel.units]
    return np.moveaxis(matrix.reshape(sizes), tuple(range(len(inputs), len(shape))), kernel.units)


def supports(structure: Structure, masks: Masks) -> Masks:
    """Tell which weights of each kernel may be other than zero, (inputs, units)."""
    ones = {name: np.ones(structure.shapes[name], bool) for name in structure.shapes}
    return matrices(structure, masked(structure, ones, masks))


def readings(structure: Structure) -> dict[str, list[Reading]]:
    """Return which kernels read the units of each group, in the order of the kernels.

    A kernel that only passes units on, such as a depthwise one, is none of them.
    """
    found: dict[str, list[Reading]] = {name: [] for name in structure.groups}
    for name, rows in _rows(structure):
        for group, own in structure.groups.items():
            place = _positions(own.units, rows)
            if (place >= 0).any():
                found[group].append(Reading(name, place))
    return found


def _rows(structure: Structure) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the unit that each row of a kernel's matrix reads, (inputs,), where it reads some."""
    for name, kernel in structure.kernels.items():
        shape = structure.shapes[name]
        inputs = [axis for axis in range(len(shape)) if axis not in kernel.units]
        for axis in inputs:
            along = structure.axes.get((name, axis))
            if along is not None and along.role == READ:
                ends = [-1 if each == axis else 1 for each in inputs]
                sizes = [shape[each] for each in inputs]
                yield name, np.broadcast_to(along.units.reshape(ends), sizes).ravel()


def _positions(units: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """Return at which place among `units` each entry stands, or -1."""
    order = np.argsort(units)
    places = np.searchsorted(units, entries, sorter=order).clip(max=len(units) - 1)
    return np.where(units[order[places]] == entries, order[places], -1)


def unit_norms(structure: Structure, arrays: Arrays) -> Scores:
    """Return, by group, the L2 norm of each unit over all kernels that make it, in float64.

    Biases and normalisation are left aside, so that in a chain it is the norm of a column.
    """
    squares = np.zeros(count(structure))
    for (name, axis), along in structure.axes.items():
        if name in structure.kernels and along.role == MADE:
            sums, free = _squares(arrays[name], axis), along.units != FIXED
            np.add.at(squares, along.units[free], sums[free])
    return {name: np.sqrt(squares[group.units]) for name, group in structure.groups.items()}


def empty_units(structure: Structure, arrays: Arrays) -> Masks:
    """Tell, by group, which units have nothing but zeros in all that makes them, (size,)."""
    filled = np.zeros(count(structure) + 1, bool)
    for (name, axis), along in structure.axes.items():
        if along.role == MADE:
            others = tuple(i for i in range(arrays[name].ndim) if i != axis)
            np.logical_or.at(filled, along.units, (arrays[name] != 0).any(axis=others))
    return {name: ~filled[group.units] for name, group in structure.groups.items()}


def _squares(array: np.ndarray, axis: int) -> np.ndarray:
    """Return the sum of squares of each slice along `axis`, (length,), in double precision."""
    slices = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
    step = max(1, _ROWS // array.shape[axis])
    total = np.zeros(array.shape[axis])
    for start in range(0, len(slices), step):
        total += np.square(slices[start : start + step], dtype=np.float64).sum(axis=0)
    return total


def masked(structure: Structure, arrays: Arrays, masks: Masks) -> Arrays:
    """Return arrays in which what `masks` drop is zero; those that lose nothing are shared.

    A mask is of a kernel, (inputs, units) like its matrix, or of a group, (size,).  A unit loses
    what makes it and the rows of all that read it, so that nothing of it arrives anywhere.
    Raises `PruneError` for a mask of something else, or of another shape.
    """
    kept = keep(structure, masks)
    result = dict(arrays)
    for name in structure.kernels:
        if name in masks:
            mask = from_matrix(masks[name], structure.kernels[name], structure.shapes[name])
            result[name] = _zeroed(result[name], mask)
    for (name, axis), along in structure.axes.items():
        mask = kept[along.units]
        if along.role != CARRIED and not mask.all():
            trailing = arrays[name].ndim - axis - 1
            result[name] = _zeroed(result[name], mask.reshape(-1, *[1] * trailing))
    return result


def _zeroed(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    # Not `values * mask`, which leaves a negative zero where a negative value was.
    return np.where(mask, values, values.dtype.type(0))


def keep(structure: Structure, masks: Masks) -> np.ndarray:
    """Return which units stay, (units + 1,); the last stands for all that is `FIXED`, and stays.

    Raises `PruneError` for a mask of nothing that there is, or of another shape.
    """
    kept = np.ones(count(structure) + 1, bool)
    for name, mask in masks.items():
        _check(structure, name, mask)
        if name in structure.groups:
            kept[structure.groups[name].units] = mask
    return kept


def _check(structure: Structure, name: str, mask: np.ndarray) -> None:
    known = [*structure.groups, *structure.kernels]
    if name not in known:
        raise PruneError(
            f"no kernel or group {name!r} to mask{closest(name, known)}; "
            f"the model has {len(structure.groups)} groups and {len(structure.kernels)} kernels"
        )
    if name in structure.groups:
        shape: tuple[int, ...] = (len(structure.groups[name].units),)
    else:
        shape = matrix_shape(structure, name)
    if mask.shape != shape:
        raise PruneError(f"the mask of {name!r} must have shape {shape}, got {mask.shape}")


def matrix_shape(structure: Structure, name: str) -> tuple[int, int]:
    """Return the shape (inputs, units) of a kernel's matrix, from its own shape alone."""
    shape = structure.shapes[name]
    units = _product([shape[axis] for axis in structure.kernels[name].units])
    return _product(shape) // max(units, 1), units


def left(structure: Structure, masks: Masks) -> np.ndarray:
    """Return which units a smaller network has, (units + 1,), as `keep` does."""
    return with_dead(structure, keep(structure, masks))


def with_dead(structure: Structure, kept: np.ndarray) -> np.ndarray:
    """Return `kept`, (units + 1,), with the dead units that cannot be cut.

    They are one where an axis would have none left, and as many as make two axes alike of which a
    layer wants the same length.
    """
    kept = kept.copy()
    for along in structure.axes.values():
        if not kept[along.units].any():
            kept[along.units[0]] = True
    for one, other in structure.alike * 2:  # again, since those that come later may ask for more
        most = max(kept[one].sum(), kept[other].sum())
        for units in (one, other):
            dead = units[~kept[units]]
            kept[dead[: most - kept[units].sum()]] = True
    return kept


def cut(structure: Structure, arrays: Arrays, kept: np.ndarray) -> Arrays:
    """Return arrays without the units that are not `kept`, (units + 1,); the others are shared."""
    result = dict(arrays)
    for (name, axis), along in structure.axes.items():
        mask = kept[along.units]
        if not mask.all():
            result[name] = result[name].compress(mask, axis)
    return result


def put_back(structure: Structure, arrays: Arrays, kept: np.ndarray, left: Arrays) -> Arrays:
    """Return `arrays` with the values of what was `left` of them, by `cut`, in their places."""
    return {name: _put(structure, name, arrays[name], kept, left[name]) for name in arrays}


def _put(
    structure: Structure, name: str, whole: np.ndarray, kept: np.ndarray, left: np.ndarray
) -> np.ndarray:
    if left.shape == whole.shape:
        return left
    stay = [np.ones(size, bool) for size in whole.shape]
    for axis in range(whole.ndim):
        if (name, axis) in structure.axes:
            stay[axis] = kept[structure.axes[name, axis].units]
    changed = whole.copy()
    changed[np.ix_(*stay)] = left
    return changed


def places(structure: Structure, group: str) -> Iterator[tuple[str, int, np.ndarray, str]]:
    """Yield (array, axis, positions, role) of all that goes with the units of a group."""
    units = structure.groups[group].units
    for (name, axis), along in structure.axes.items():
        positions = np.flatnonzero(np.isin(along.units, units))
        if len(positions):
            yield name, axis, positions, along.role


def forms(structure: Structure) -> dict[str, Hashable]:
    """Return what kernels of one form have in common, and groups: how long they are is not of it.

    Of a kernel that is its kind and the extent of its patches; of a group what it is in, and where.
    """
    found: dict[str, Hashable] = {name: _form(structure, name) for name in structure.kernels}
    for group in structure.groups:
        along = places(structure, group)
        parts = ((*_form(structure, name), axis, role) for name, axis, _, role in along)
        found[group] = tuple(sorted(parts))
    return found


def _form(structure: Structure, name: str) -> tuple[str, tuple[int, ...]]:
    if name not in structure.kernels:
        return name.rpartition("/")[2], ()
    return structure.kernels[name].kind, structure.shapes[name][:-2]


def parameters(arrays: Arrays) -> int:
    """Count the entries of all arrays."""
    return sum(array.size for array in arrays.values())


def nonzero(arrays: Arrays) -> int:
    """Count the entries of all arrays that are not zero."""
    return sum(int(np.count_nonzero(array != 0)) for array in arrays.values())


def count(structure: Structure) -> int:
    """Count the units of all groups."""
    return sum(len(group.units) for group in structure.groups.values())


def _product(sizes: tuple[int, ...] | list[int]) -> int:
    return int(np.prod(sizes, dtype=np.int64))
