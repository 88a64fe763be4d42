"""The graph of a Keras model: its calls in order, whatever flows through them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from typing import Any

from prune import PruneError
from prune.models.late import keras

# Called for each node with it, the name of its operation (after those of the models around it)
# and its arguments, with values for tensors; returns a list of values, one for each output.
Visit = Callable[[Any, str, tuple, dict], list]
Order = Callable[[Any], Iterator[Any]]  # of the calls of a graph


def run(
    model: keras.Model, inputs: list, visit: Visit, path: str = "", order: Order | None = None
) -> list:
    """Send `inputs`, one value for each input tensor, through the graph; return its outputs.

    What a value is, and what becomes of it, is the business of `visit`; models within the model
    are visited like layers, and `visit` may run them in their turn.  `order` is `nodes`, unless
    another is given.
    """
    graph = functional(model)
    values = dict(zip(map(id, graph.inputs), inputs, strict=True))

    def value(x: object) -> object:
        return values[id(x)] if isinstance(x, keras.KerasTensor) else x

    calls = list((order or nodes)(graph))
    last = _last_uses(graph, calls)
    for place, node in enumerate(calls):
        args, kwargs = node.arguments.convert(value)
        outputs = visit(node, path + node.operation.name, args, kwargs)
        values.update(zip(map(id, node.outputs), outputs, strict=True))
        for tensor in [*node.input_tensors, *node.outputs]:
            if last.get(id(tensor), place) <= place:  # or all values of a graph would stay
                values.pop(id(tensor), None)
    return [values[id(tensor)] for tensor in graph.outputs]


def _last_uses(graph: Any, calls: list[Any]) -> dict[int, int]:
    """Return the place of the last call that takes each tensor; of outputs one that never comes."""
    last = {}
    for place, node in enumerate(calls):
        last |= {id(tensor): place for tensor in node.input_tensors}
    return last | {id(tensor): len(calls) for tensor in graph.outputs}


def arguments(operation: Any, args: tuple, kwargs: dict) -> dict[str, Any]:
    """Return what an operation is called with, by the names of its parameters, in their order.

    Masks are left out: they say which times count, and hold no units.  So is whether it trains,
    which Keras takes from a layer that has no such parameter.
    """
    given = {name: value for name, value in kwargs.items() if name != "training"}
    bound = inspect.signature(operation.call).bind(*args, **given).arguments
    return {name: value for name, value in bound.items() if "mask" not in name}


def leaves(arguments: dict[str, Any], kind: type) -> list:
    """Return all values of a kind among arguments, in the order of the parameters."""
    flat = [leaf for value in arguments.values() for leaf in keras.tree.flatten(value)]
    return [leaf for leaf in flat if isinstance(leaf, kind)]


def nodes(graph: Any) -> Iterator[Any]:
    """Yield the calls of a graph, each after those whose outputs it takes."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)


def branch_by_branch(graph: Any) -> Iterator[Any]:
    """Yield the calls of a graph so that each branch is done before the next that it meets."""
    makers = {id(tensor): node for node in nodes(graph) for tensor in node.outputs}
    waiting = [makers[id(tensor)] for tensor in reversed(graph.outputs) if id(tensor) in makers]
    done: set[int] = set()
    while waiting:
        node = waiting[-1]
        before = [makers.get(id(tensor)) for tensor in node.input_tensors]
        missing = [each for each in before if each is not None and id(each) not in done]
        if missing:
            waiting.append(missing[0])
            continue
        waiting.pop()
        if id(node) not in done:
            done.add(id(node))
            yield node


def functional(model: keras.Model) -> Any:
    """Return the graph of a Functional or Sequential model.

    Raises `PruneError` for a model without one: a subclass with a `call` of its own, or a
    Sequential model that does not know its input shape yet.
    """
    kind = known(model, ("Functional", "Sequential"))
    graph = getattr(model, "_functional", None) if kind == "Sequential" else model
    if kind is None:
        raise PruneError(
            f"model {model.name!r} has no graph: it is a {type(model).__name__} with its own call; "
            "build it from keras.Input and layers, or prune its weights while it trains, by "
            "callbacks=[prune.Gradual(50)]"
        )
    if graph is None:
        raise PruneError(
            f"model {model.name!r} is not built: its input shape is not known; "
            "call it on some data first, or give it a keras.Input"
        )
    return graph


def is_graph(operation: object) -> bool:
    """Tell whether an operation is a model whose graph can be walked."""
    kind = known(operation, ("Functional", "Sequential"))
    return kind == "Functional" or getattr(operation, "_functional", None) is not None


def is_plain(kind: type) -> bool:
    """Tell whether a class is Keras' own."""
    return kind.__module__.split(".")[0] == "keras"


def known(operation: object, names: Collection[str]) -> str | None:
    """Return which of `names`, of Keras' own classes, an object behaves as, or None.

    A subclass counts while it neither builds nor calls in its own way; a Functional model, whose
    graph is there before it is built, while it calls as Keras does.  A layer whose kernel is not
    what its arrays say (LoRA, quantized) does not count.
    """
    if getattr(operation, "lora_enabled", False) or getattr(operation, "quantization_mode", None):
        return None
    kind = type(operation)
    for base in kind.__mro__:
        if is_plain(base) and base.__name__ in names:
            ways = ("call",) if base.__name__ == "Functional" else ("call", "build")
            same = all(getattr(kind, way, None) is getattr(base, way, None) for way in ways)
            return base.__name__ if same else None
    return None
