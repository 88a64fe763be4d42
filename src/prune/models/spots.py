"""Where in a graph the inputs of a kernel can be seen, and what follows on its sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from prune.core.network import ACTIVATIONS
from prune.core.structure import Structure
from prune.models import patches
from prune.models.arrays import layers
from prune.models.graph import branch_by_branch, functional, is_graph, known, nodes
from prune.models.kinds.einsum import labels
from prune.models.late import keras


class Norm(NamedTuple):
    """A normalisation by statistics that follows a kernel: its layer, and the names of arrays."""

    layer: Any
    gamma: str | None
    beta: str
    mean: str
    variance: str


class Spot(NamedTuple):
    """A kernel whose inputs can be seen, at the layer that holds it."""

    kernel: str  # the name of its array, as that of its bias
    bias: str | None
    norm: Norm | None
    activation: str  # one that the core knows; what it does not is left out of view
    read: Read
    beside: int | None = None  # the id of a tensor that is added before the activation
    within: Any = None  # the layer itself, where the graph calls only one around it


class Seen(NamedTuple):
    """What places of a layer's output read, (rows, offsets, channels), in how many groups."""

    rows: np.ndarray
    groups: int = 1


# Of a layer, its input (n, ...), and places (n, p) of its output.
Read = Callable[[Any, np.ndarray, np.ndarray], Seen]


def _last(layer: Any, values: np.ndarray) -> np.ndarray:
    """Return a tensor with its channels last."""
    return np.moveaxis(values, 1, -1) if _channels_first(layer) else values


def _channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", "") == "channels_first"


def _dense(layer: Any, given: np.ndarray, places: np.ndarray) -> Seen:
    flat = given.reshape(len(given), -1, given.shape[-1])
    return Seen(flat[np.arange(len(flat))[:, None], places].reshape(-1, 1, flat.shape[-1]))


def _einsum(layer: Any, given: np.ndarray, places: np.ndarray) -> Seen:
    letters, kernel, _ = labels(layer, given.ndim)
    contracted = [letters.index(letter) for letter in kernel if letter in letters]
    last = range(given.ndim - len(contracted), given.ndim)
    moved = np.moveaxis(given, contracted, last)
    size = int(np.prod([given.shape[axis] for axis in contracted]))
    return _dense(layer, moved.reshape(len(given), -1, size), places)


def _patches(layer: Any, given: np.ndarray, places: np.ndarray) -> Any:
    space, given = space_of(layer, given.shape), _last(layer, given)
    return patches.gather(given, patches.tables(layer, given.shape[1:-1], space), places)


def _conv(layer: Any, given: np.ndarray, places: np.ndarray) -> Seen:
    return Seen(_patches(layer, given, places), getattr(layer, "groups", 1))


def _depthwise(layer: Any, given: np.ndarray, places: np.ndarray) -> Seen:
    found = _patches(layer, given, places)
    return Seen(found, found.shape[-1])


def _pointwise(layer: Any, given: np.ndarray, places: np.ndarray) -> Seen:
    found = _patches(layer, given, places)
    kernel = np.asarray(layer.depthwise_kernel).reshape(found.shape[1], found.shape[2], -1)
    return Seen(np.einsum("nkc,kcm->ncm", found, kernel).reshape(len(found), 1, -1))


_SEPARABLE: dict[str, Read] = {"depthwise_kernel": _depthwise, "pointwise_kernel": _pointwise}
# By class, and the attribute that holds the kernel.
READS: dict[str, dict[str, Read]] = {
    "Dense": {"_kernel": _dense},
    "EinsumDense": {"_kernel": _einsum},
    **{key: {"_kernel": _conv} for key in ["Conv1D", "Conv2D", "Conv3D"]},
    **{key: {"kernel": _conv} for key in [f"Conv{rank}DTranspose" for rank in (1, 2, 3)]},
    **{key: {"kernel": _depthwise} for key in ["DepthwiseConv1D", "DepthwiseConv2D"]},
    **dict.fromkeys(["SeparableConv1D", "SeparableConv2D"], _SEPARABLE),
}

COMPOSED = ("MultiHeadAttention",)


def space_of(layer: Any, given: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes of all axes of a layer's output along which it does the same.

    `given` is the shape of its input.
    """
    kind = known(layer, READS)
    if kind == "EinsumDense":
        letters, kernel, _ = labels(layer, len(given))
        sizes = list(zip(letters, given, strict=True))[1:]
        return tuple(size for letter, size in sizes if letter not in kernel)
    if kind == "Dense":
        return given[1:-1]
    output = tuple(layer.compute_output_shape(given))
    return output[2:] if _channels_first(layer) else output[1:-1]


def spots(model: keras.Model, names: dict[int, str]) -> dict[str, list[Spot]]:
    """Return the kernels that can be seen, by the name of their layer in the graph.

    `names` are those of arrays, by the id of their variable.
    """
    found: dict[str, list[Spot]] = {}
    for name, node, following in _calls(model, ""):
        kind = known(node.operation, READS)
        if kind and name not in found and _fits(kind, node.operation):
            found[name] = list(_spots(node.operation, following(node), names))
        elif known(node.operation, COMPOSED) and name not in found:
            found[name] = list(_composed(node.operation, names))
    return found


def _composed(layer: Any, names: dict[int, str]) -> Iterator[Spot]:
    """Yield the kernels of layers within a layer, which calls them in the order in which it has
    them."""
    for part in layer._flatten_layers(include_self=False, recursive=False):
        if (kind := known(part, READS)) and _fits(kind, part):
            for spot in _spots(part, Follows(activation=activation_of(part)), names):
                yield spot._replace(within=part)


def _fits(kind: str, layer: Any) -> bool:
    """Tell whether a kernel is the same at all places, and a bias of its units alone."""
    if kind != "EinsumDense":
        return True
    letters, kernel, output = labels(layer, layer.input_spec.ndim)
    if letters[0] in kernel or any(each in letters and each in output for each in kernel):
        return False
    made = [each for each in kernel if each not in letters]
    sizes = [layer._kernel.shape[kernel.index(each)] for each in made]
    return layer.bias is None or tuple(layer.bias.shape) == tuple(sizes)


def _spots(layer: Any, follows: Follows, names: dict[int, str]) -> Iterator[Spot]:
    reads = READS[known(layer, READS) or ""]
    for place, (attribute, read) in enumerate(reads.items()):
        kernel = names[id(getattr(layer, attribute))]
        if place < len(reads) - 1:
            yield Spot(kernel, None, None, "linear", read)
        else:
            bias = None if layer.bias is None else names[id(layer.bias)]
            norm = _norm(follows.norm, names)
            yield Spot(kernel, bias, norm, follows.activation, read, follows.beside)


def _norm(layer: Any, names: dict[int, str]) -> Norm | None:
    if layer is None:
        return None
    gamma = None if layer.gamma is None else names[id(layer.gamma)]
    rest = (layer.beta, layer.moving_mean, layer.moving_variance)
    return Norm(layer, gamma, *(names[id(each)] for each in rest))


class Follows(NamedTuple):
    """What alone reads a layer's sums, one after the other."""

    norm: Any = None
    beside: int | None = None
    activation: str = "linear"


Following = Callable[[Any], Follows]


def _calls(model: Any, path: str) -> Iterator[tuple[str, Any, Following]]:
    """Yield the calls of a graph and of those within it, each with what tells what follows."""
    graph = functional(model)
    readers: dict[int, list[Any]] = {id(tensor): [None] for tensor in graph.outputs}
    calls = Counter(id(node.operation) for node in nodes(graph))
    for node in nodes(graph):
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node)

    def sole(node: Any) -> Any:
        own = [*readers.get(id(node.outputs[0]), []), *[None] * (len(node.outputs) - 1)]
        alone = len(own) == 1 and own[0] is not None and calls[id(own[0].operation)] == 1
        return own[0] if alone else None

    def following(node: Any) -> Follows:
        return _following(node, sole)

    for node in branch_by_branch(graph):
        name = path + node.operation.name
        yield name, node, following
        if is_graph(node.operation):
            yield from _calls(node.operation, f"{name}/")


def _following(node: Any, sole: Callable[[Any], Any]) -> Follows:
    layer, norm, last, beside = node.operation, None, node, None
    own = getattr(layer, "activation", None)
    if getattr(own, "__name__", "linear") != "linear":
        return Follows(activation=activation_of(layer))
    if (reader := sole(last)) is not None and known(reader.operation, ["BatchNormalization"]):
        norm, last = reader.operation, reader
        axis, rank = norm.axis, len(node.outputs[0].shape)
        if norm.beta is None or axis not in (-1, rank - 1):
            return Follows()
    if (reader := sole(last)) is not None and (other := _added(reader, last)) is not None:
        beside, last = id(other), reader
    reader = sole(last)
    kind = known(reader.operation, ["Activation", "ReLU", "LeakyReLU", "ELU"]) if reader else None
    return Follows(norm, beside, activation_of(reader.operation) if kind else "linear")


def _added(node: Any, one: Any) -> Any:
    """Return the other tensor of the same shape that an addition takes beside that of a call."""
    if not known(node.operation, ["Add"]) or len(node.input_tensors) != 2:
        return None
    others = [each for each in node.input_tensors if each is not one.outputs[0]]
    same = len(others) == 1 and others[0].shape == one.outputs[0].shape
    return others[0] if same else None


def activation_of(layer: Any) -> str:
    """Return the name of a layer's activation; `linear` for one that the core does not know."""
    kind = type(layer).__name__
    if kind == "ReLU":
        plain = layer.max_value is None and not layer.negative_slope and not layer.threshold
        return "relu" if plain else "linear"
    if kind == "LeakyReLU":
        return f"leaky_relu({float(layer.negative_slope):.6f})"
    if kind == "ELU":
        return f"elu({float(layer.alpha):.6f})"
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", "")
    own = getattr(function, "__module__", "").startswith("keras.")
    return name if own and name in ACTIVATIONS else "linear"


def blind(model: keras.Model, structure: Structure, seen: list[str]) -> dict[str, str]:
    """Say of each kernel that is not `seen` in which layer it is: `lstm/lstm_cell (LSTMCell)`."""
    kinds = {name: type(layer).__name__ for name, layer in layers(model)}
    return {
        name: f"{kernel.layer} ({kinds.get(kernel.layer, 'of no graph')})"
        for name, kernel in structure.kernels.items()
        if name not in seen
    }
