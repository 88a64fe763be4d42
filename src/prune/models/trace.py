"""A live Keras model -> its structure: which units there are, and what goes with each."""

from __future__ import annotations

from typing import Any, NamedTuple

from prune import PruneError
from prune.core.structure import Kernel, Structure
from prune.models.arrays import variables
from prune.models.flows import Axes, Binder, Call, Flow, Resolved, fixed, resolve
from prune.models.graph import Visit, arguments, functional, is_graph, leaves, run
from prune.models.kernels import kernels as kernels_of
from prune.models.kinds.table import handler
from prune.models.late import keras
from prune.models.widths import follow

_OUTPUT = "an output of the model"


class Step(NamedTuple):
    """What a call of the graph takes and gives, for what checks or rebuilds it."""

    name: str
    inputs: list[Axes]
    outputs: list[Axes]
    makers: frozenset[str]  # the nearest layers with kernels, its own or before it

    @property
    def makes(self) -> bool:
        """Whether it has kernels itself."""
        return any(_within(maker, self.name) for maker in self.makers)


class Traced(NamedTuple):
    """A structure, and how it was found: what cutting and proving need beside it."""

    resolved: Resolved
    binder: Binder
    steps: list[Step]
    outputs: frozenset[str]  # the last layers with kernels before each output

    @property
    def heads(self) -> frozenset[str]:
        """The output layers and what comes after them, such as a softmax of its own."""
        steps = (step for step in self.steps if step.makers and step.makers <= self.outputs)
        return frozenset(step.name for step in steps)

    @property
    def structure(self) -> Structure:
        """The structure alone."""
        return self.resolved.structure


def trace(model: keras.Model) -> Structure:
    """Return the structure of a built model, which is not changed.

    A model without a graph has kernels and no groups.  Raises `PruneError` for a model that is
    not built, and so has no arrays yet.
    """
    return traced(model).structure


def traced(model: keras.Model) -> Traced:
    """Return the structure of a model, and how it was found."""
    named = variables(model)
    if not named:
        raise PruneError(
            f"model {model.name!r} has no weights, so that there is nothing to prune; if it should "
            "have some, build it, or call it on some data first"
        )
    binder = Binder({id(variable): name for name, variable in named.items()}, handler)
    kernels = dict(kernels_of(model, binder.names))
    steps: list[Step] = []
    before: dict[str, set[str]] = {kernel.layer: set() for kernel in kernels.values()}
    graph = is_graph(model)
    outputs = _walk(model, binder, before, steps) if graph else [_ungraphed(kernels)]
    last = frozenset[str]().union(*[_last(flow.makers, before) for flow in outputs])
    for flow in outputs:
        binder.freeze_axes(flow.axes, _OUTPUT)
    kernels = {
        name: kernel._replace(output=kernel.layer in last) for name, kernel in kernels.items()
    }
    shapes = {name: tuple(variable.shape) for name, variable in named.items()}
    resolved = resolve(binder, kernels, shapes)
    return Traced(resolved._replace(structure=_told(resolved.structure, last)), binder, steps, last)


def _told(structure: Structure, outputs: frozenset[str]) -> Structure:
    """Say of units of an output layer that they are outputs, whatever else holds them."""
    frozen = (
        each._replace(reason=_OUTPUT) if any(_within(out, each.layer) for out in outputs) else each
        for each in structure.frozen
    )
    return structure._replace(frozen=tuple(frozen))


def _within(part: str, layer: str) -> bool:
    """Tell whether one name is that of a layer, or of something within it."""
    return f"{part}/".startswith(f"{layer}/")


def _ungraphed(kernels: dict[str, Kernel]) -> Flow:
    """Without a graph the output layer is taken to be the last that was made."""
    return Flow((), frozenset([kernel.layer for kernel in kernels.values()][-1:]))


def _last(makers: frozenset[str], before: dict[str, set[str]]) -> frozenset[str]:
    """Return the last of the layers that are added up in an output.

    All blocks of a residual network add to what goes through it.  Where that is the output, the
    last of them is the output layer, and those that it has read before are hidden ones.
    """
    read = {each for maker in makers for each in before[maker] if maker not in before[each]}
    return makers - read


def _walk(
    model: keras.Model, binder: Binder, before: dict[str, set[str]], steps: list[Step]
) -> list[Flow]:
    def visitor(binder: Binder, steps: list[Step] | None) -> Visit:
        """Make the visit of a graph; without `steps` that of what a layer calls in its turn."""

        def visit(node: Any, name: str, args: tuple, kwargs: dict) -> list[Flow]:
            call = _call(node, name, args, kwargs)
            if is_graph(node.operation):
                return _nested(node.operation, binder, call, visit)
            makers, flows = _makers(name, call, before), None
            if steps is not None:
                flows = follow(binder, node, call, (args, kwargs), lambda into: visitor(into, None))
            if flows is None:
                flows = [Flow(axes, makers) for axes in handler(node.operation)(binder, call)]
            if steps is not None:
                given = [flow.axes for flow in call.flows]
                steps.append(Step(name, given, [flow.axes for flow in flows], makers))
            return flows

        return visit

    inputs = functional(model).inputs
    return run(model, [Flow(fixed(each.shape)) for each in inputs], visitor(binder, steps))


def _makers(name: str, call: Call, before: dict[str, set[str]]) -> frozenset[str]:
    """Return the nearest layers with kernels: this one, or those of its inputs.

    Writes down of this one which come `before` it.
    """
    given = frozenset[str]().union(*[flow.makers for flow in call.flows])
    own = frozenset(layer for layer in before if _within(layer, name))
    for layer in own:
        before[layer] |= given.union(*[before[each] for each in given])
    return own or given


def _nested(model: Any, binder: Binder, call: Call, visit: Any) -> list[Flow]:
    """Send flows through a model within the model, whose inputs have the sizes of what comes."""
    for place, flow in enumerate(call.flows):
        binder.resize_at(model, ("inputs", place), flow.axes)
    return run(model, call.flows, visit, f"{call.name}/")


def _call(node: Any, name: str, args: tuple, kwargs: dict) -> Call:
    operation = node.operation
    given = arguments(operation, args, kwargs)
    symbols = arguments(operation, node.arguments.args, node.arguments.kwargs)
    shapes = [tuple(tensor.shape) for tensor in leaves(symbols, keras.KerasTensor)]
    outputs = [tuple(tensor.shape) for tensor in node.outputs]
    return Call(operation, name, given, leaves(given, Flow), shapes, outputs)
