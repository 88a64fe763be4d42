"""Calls of layers: what each is given, whose results that needs, and that all can be made."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from prune import PruneError
from prune.files import limits
from prune.files.keras_layers import objects, values
from prune.files.keras_layers.values import Json
from prune.files.names import short

DEPTH = 32  # lists and objects within each other, in what is given to a layer
PLAIN = values.either(values.NUMBER, values.FLAG, values.matching("[^\x00-\x1f]{0,200}", "a text"))

Reference = tuple[str, int]  # a layer, and which of its calls


class Call(NamedTuple):
    """A call of a layer: what it is given, and whose results that needs."""

    given: Any
    needs: list[Reference]


def read(call: Any, where: str) -> Call:
    """Return a call as Keras 2 or 3 writes it, rebuilt."""
    needs: list[Reference] = []
    if type(call) is list:
        return Call([_legacy(each, needs, where) for each in call], needs)
    if type(call) is not dict:
        raise PruneError(f"{where} is called in a form that Keras does not write")
    args = _given(call.get("args"), needs, where, DEPTH)
    kwargs = _given(call.get("kwargs"), needs, where, DEPTH)
    if type(args) is not list or type(kwargs) is not dict:
        raise PruneError(f"{where} is called in a form that Keras does not write")
    return Call({"args": args, "kwargs": kwargs}, needs)


def _given(value: Any, needs: list[Reference], where: str, depth: int) -> Any:
    """Return what a call is given: tensors of other calls, numbers, slices, lists of them."""
    if depth == 0:
        raise PruneError(f"{where} is given lists more than {DEPTH} deep")
    if type(value) is list:
        return [_given(each, needs, where, depth - 1) for each in value]
    if type(value) is not dict:
        return None if value is None else PLAIN(value, f"{where}: what it is given")
    if "class_name" not in value:
        return {
            values.WORD(key, f"{where}: a name of what it is given"): _given(
                each, needs, where, depth - 1
            )
            for key, each in value.items()
        }
    return _object(value, needs, where)


def _object(value: Json, needs: list[Reference], where: str) -> Json:
    """Return a tensor, an array of numbers or a slice, rebuilt."""
    kind, config = value["class_name"], value.get("config")
    told = f"{where}: what it is given"
    if kind == "__ellipsis__":
        return {"class_name": kind, "config": {}}
    if type(kind) is not str or type(config) is not dict:
        raise PruneError(f"{where} is given an object that Keras does not write")
    if kind == "__keras_tensor__":
        needs.append(_reference(config.get("keras_history"), where))
        shape = values.SHAPE(config.get("shape"), f"{told}: shape")
        dtype = objects.NUMBERS_OF(config.get("dtype"), f"{told}: dtype")
        history = list(config["keras_history"][:3])
        rebuilt = {"shape": shape, "dtype": dtype, "keras_history": history}
    elif kind in ("__numpy__", "__tensor__"):
        numbers = values.either(values.NUMBERS, values.listed(values.FLAG, 2**20, limits.SIDES))
        dtype = objects.NUMBERS_OF(config.get("dtype"), f"{told}: dtype")
        rebuilt = {"value": numbers(config.get("value"), told), "dtype": dtype}
    elif kind == "__slice__":
        edge = values.optional(values.whole(-(2**31), 2**31))
        rebuilt = {key: edge(config.get(key), told) for key in ("start", "stop", "step")}
    else:
        objects.refuse_code(kind, f"what {where} is given")
        raise PruneError(f"{where} is given a {short(kind)}, which is not built")
    return {"class_name": kind, "config": rebuilt}


def _reference(value: Any, where: str) -> Reference:
    """Return the layer and the call that a tensor is said to come from."""
    fits = type(value) is list and len(value) >= 3 and type(value[0]) is str
    if not fits or any(type(n) is not int or not 0 <= n <= limits.NODES for n in value[1:3]):
        raise PruneError(f"{where} reads from a place that Keras does not write")
    return value[0], value[1]


def _legacy(value: Any, needs: list[Reference], where: str) -> list:
    """Return a tensor as Keras 2 names it: layer, call, which result, and more that is given."""
    name, call = _reference(value, where)
    if len(value) > 4 or value[3:] not in ([], [{}]):
        raise PruneError(f"{where} is called with more than tensors; save the model with Keras 3")
    needs.append((name, call))
    return [name, call, value[2], {}]


def counted_from_nought(node: Call, known: Json) -> Call:
    """Return a call of Keras 2, where the first call of a model within a model was number 1."""
    if type(node.given) is not list:
        return node
    given = [
        [name, call - (known.get(name) == "Functional" and call > 0), *rest]
        for name, call, *rest in node.given
    ]
    return Call(given, [(name, call) for name, call, *_ in given])


def ends(value: Any, known: Json, key: str, depth: int = DEPTH) -> Any:
    """Return where a model begins or ends: places, in lists or by name."""
    if type(value) is list and len(value) == 3 and type(value[0]) is str:
        name, call = _reference(value, key)
        if name not in known:
            raise PruneError(f"has {short(name)!r} among its {key}, which is no layer")
        return [name, call, value[2]]
    if type(value) not in (list, dict) or not value or depth == 0:
        raise PruneError(f"has {key} in a form that Keras does not write")
    if type(value) is list:
        return [ends(each, known, key, depth - 1) for each in value]
    return {
        values.NAME(name, f"a name in {key}"): ends(each, known, key, depth - 1)
        for name, each in value.items()
    }


def check_order(calls: dict[str, list[list[Reference]]], inputs: set[str]) -> None:
    """Refuse calls that never can be made, or only after very many passes over the layers.

    Keras goes through the layers again and again until each call has what it needs.
    """
    made = {name: int(name in inputs) for name in calls}
    waiting = {name: deque(nodes) for name, nodes in calls.items() if nodes}
    for _ in range(limits.PASSES):
        before = sum(made.values())
        for name, nodes in waiting.items():
            while nodes and all(made[source] > call for source, call in nodes[0]):
                nodes.popleft()
                made[name] += 1
        waiting = {name: nodes for name, nodes in waiting.items() if nodes}
        if not waiting:
            return
        if sum(made.values()) == before:
            raise PruneError(
                f"its layers feed each other in a ring, or wait for what is never made: "
                f"{', '.join(map(repr, list(waiting)[:3]))}"
            )
    raise PruneError("its layers stand in an order that Keras does not write")
