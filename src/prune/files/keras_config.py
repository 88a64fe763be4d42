"""A network's structure as Keras writes it in JSON: ours for stock Keras to build, and a
stranger's read by name, without running any of it."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from prune import PruneError
from prune.core.network import OUTPUTS, Layer, Network, split_activation
from prune.files import limits

Json = dict[str, Any]
_PARAMETRIC = {"elu": ("ELU", "alpha"), "leaky_relu": ("LeakyReLU", "negative_slope")}
_MOST_SIDES = 32


class DenseLayer(NamedTuple):
    """What a configuration says of one dense layer."""

    name: str
    activation: str
    bias: bool
    units: int | None = None  # None if it does not say
    inputs: tuple[int, ...] = ()  # every number of them that it says


def describe(network: Network) -> Json:
    """Return the configuration of a Keras `Sequential` of the same function as `network`."""
    inputs = {"batch_shape": [None, network[0].kernel.shape[0]], "name": "images"}
    while any(layer.name == inputs["name"] for layer in network):
        inputs["name"] += "_"  # names in a model must differ
    layers = [_entry("InputLayer", inputs)]
    for layer in network:
        layers += _describe_layer(layer)
    return _entry("Sequential", {"name": "network", "layers": layers}, module="keras")


def _describe_layer(layer: Layer) -> list[Json]:
    softmax = layer.activation == "softmax"
    base, number = ("softmax", None) if softmax else split_activation(layer.activation)
    dense = {
        "name": layer.name,
        "units": layer.kernel.shape[1],
        "activation": base if number is None else "linear",
        "use_bias": layer.bias is not None,
    }
    if number is None:
        return [_entry("Dense", dense)]
    # Keras keeps the parameter of an activation only in a layer of its own.
    kind, parameter = _PARAMETRIC[base]
    own = {"name": f"{layer.name}_{base}", parameter: number}
    return [_entry("Dense", dense), _entry(kind, own)]


def _entry(kind: str, config: Json, module: str = "keras.layers") -> Json:
    if module == "keras.layers":
        config = {**config, "dtype": "float32"}
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def parse(config: Json) -> list[DenseLayer]:
    """Return the dense layers of a Keras model's configuration, in the order of the data.

    Raises `PruneError`, naming the layer, for whatever is not a plain chain of dense layers.
    """
    try:
        return _parse(config)
    except (TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise PruneError(f"has a configuration that Keras does not write ({error})") from error


def _parse(config: Json) -> list[DenseLayer]:
    dense: list[DenseLayer] = []
    flat = False
    size = _size(_built(config))  # values of one image at this place, None if that is not said
    for kind, layer in _chain(config):
        name = _text(layer, "name")
        _check_precision(name, layer.get("dtype"))
        asked = _size(layer.get("batch_shape") or layer.get("batch_input_shape"))
        size = asked or size or _size(_built(layer))
        if kind == "InputLayer":
            flat = len(layer.get("batch_shape") or layer.get("batch_input_shape") or ()) == 2
        elif kind in ("Flatten", "Reshape"):
            _check_flattens(kind, name, layer)
            flat, (side,) = True, layer.get("target_shape") or [-1]
            size = size if side == -1 else side
        elif kind == "Dense":
            # A model without an input layer says the input's shape in its first layer.
            flat = flat or len(layer.get("batch_input_shape") or ()) == 2
            if not dense and not flat:
                raise PruneError(f"layer {name!r} reads images that no Flatten layer flattened")
            inputs = tuple(each for each in (size, _size(_built(layer))) if each is not None)
            size, bias = _units(name, layer), bool(layer.get("use_bias", True))
            dense.append(DenseLayer(name, _activation_name(layer), bias, size, inputs))
        elif kind in _ACTIVATION_LAYERS:
            _attach(dense, name, _ACTIVATION_LAYERS[kind](layer))
        elif kind != "Dropout":
            raise PruneError(
                f"layer {name!r} is a {kind} layer, which cannot be pruned here; "
                "only chains of Dense layers can"
            )
    check_activations(dense)
    return dense


def _built(config: Json) -> Any:
    """Return the shape of its input that Keras 3 keeps beside what it has built."""
    return _object(config.get("build_config") or {}).get("input_shape")


def _size(shape: Any) -> int | None:
    """Return the values of one image in a batch of a shape; None if that does not say."""
    sides = shape[1:] if isinstance(shape, list) else []
    if not sides or not all(isinstance(side, int) for side in sides):
        return None
    if len(sides) > _MOST_SIDES or not all(0 < side <= limits.PIXELS for side in sides):
        raise PruneError("has a configuration for images of a shape that is not read")
    return prod(sides)


def _units(name: str, layer: Json) -> int | None:
    units = layer.get("units")
    if units is not None and not isinstance(units, int):
        raise PruneError(f"layer {name!r} has {units!r} units in its configuration")
    return units


def check_arrays(structures: list[DenseLayer], network: Network) -> None:
    """Refuse, naming the layer, a configuration that says another shape than the arrays have."""
    for told, layer in zip(structures, network, strict=True):
        inputs, units = layer.kernel.shape
        if told.units not in (None, units):
            raise PruneError(
                f"layer {layer.name!r} has {told.units:,} units in its configuration, "
                f"but {units:,} in its kernel"
            )
        for number in set(told.inputs) - {inputs}:
            raise PruneError(
                f"layer {layer.name!r} takes {number:,} inputs in the configuration, "
                f"but {inputs:,} by its kernel"
            )


def _check_precision(name: str, policy: Any) -> None:
    if isinstance(policy, dict):
        kind = policy.get("class_name")
        named = _object(policy.get("config")).get("name")
        policy = named if kind in ("DTypePolicy", "Policy") else f"a policy {kind!r}"
    if policy not in (None, "float32", "float64"):
        raise PruneError(f"layer {name!r} computes in {policy}; only float32 is evaluated exactly")


def _check_flattens(kind: str, name: str, layer: Json) -> None:
    shape = layer.get("target_shape", ())
    if kind == "Reshape" and len(shape) != 1:
        raise PruneError(f"layer {name!r} reshapes to {shape}; only a flat shape can be read")
    if layer.get("data_format", "channels_last") not in (None, "channels_last"):
        raise PruneError(f"layer {name!r} flattens channels first; only channels last can be read")


def _attach(dense: list[DenseLayer], name: str, activation: str) -> None:
    if activation == "linear":
        return
    if not dense or dense[-1].activation != "linear":
        before = f"the activation {dense[-1].activation!r}" if dense else "any Dense layer"
        place = "follows" if dense else "comes before"
        raise PruneError(f"activation layer {name!r} {place} {before}; that cannot be evaluated")
    dense[-1] = dense[-1]._replace(activation=activation)


def check_activations(dense: list[DenseLayer]) -> None:
    """Refuse, naming the layer, an activation that cannot be evaluated where it stands."""
    if not dense:
        raise PruneError("the model has no Dense layer")
    for layer in dense[:-1]:
        try:
            split_activation(layer.activation)
        except PruneError as error:
            raise PruneError(f"layer {layer.name!r}: {error}") from None
    if dense[-1].activation not in OUTPUTS:
        raise PruneError(
            f"output layer {dense[-1].name!r} has activation {dense[-1].activation!r}; "
            f"it must be one of {', '.join(OUTPUTS)}"
        )


def _activation_name(layer: Json) -> str:
    given = layer.get("activation") or "linear"
    if isinstance(given, dict):
        # A layer used as an activation has parameters of its own; its name says nothing.
        kind, own = given.get("class_name"), given.get("config")
        if kind not in _ACTIVATION_LAYERS or not isinstance(own, dict):
            raise PruneError(
                f"layer {_text(layer, 'name')!r} has a custom activation, {kind or given!r}; "
                "only Keras' own can be evaluated"
            )
        return _ACTIVATION_LAYERS[kind](own)
    return {"swish": "silu"}.get(given, given)


def _relu_layer(layer: Json) -> str:
    slope = layer.get("negative_slope") or 0
    if layer.get("max_value") is not None or layer.get("threshold"):
        raise PruneError(f"layer {_text(layer, 'name')!r} is a ReLU with a maximum or threshold")
    return _numbered("leaky_relu", slope) if slope else "relu"


def _leaky_relu_layer(layer: Json) -> str:
    # Keras 2 called the slope alpha.
    return _numbered("leaky_relu", layer.get("negative_slope", layer.get("alpha", 0.3)))


def _elu_layer(layer: Json) -> str:
    return _numbered("elu", layer.get("alpha", 1.0))


def _numbered(base: str, number: Any) -> str:
    if not isinstance(number, int | float) or number < 0:
        raise PruneError(f"{base} with parameter {number!r} cannot be evaluated")
    return f"{base}({float(number)})"


def _softmax_layer(layer: Json) -> str:
    if layer.get("axis", -1) not in (-1, 1, [-1], [1]):
        raise PruneError(f"layer {_text(layer, 'name')!r} is a softmax over another axis")
    return "softmax"


_ACTIVATION_LAYERS = {
    "Activation": _activation_name,
    "ReLU": _relu_layer,
    "LeakyReLU": _leaky_relu_layer,
    "ELU": _elu_layer,
    "Softmax": _softmax_layer,
}


def _chain(config: Json) -> list[tuple[str, Json]]:
    """Return (class name, configuration) of every layer, input first."""
    kind = _text(config, "class_name")
    if kind not in ("Sequential", "Functional", "Model"):
        raise PruneError(f"the model is of class {kind!r}; only Sequential and Functional are read")
    body = config.get("config")
    # Keras 2.2 and older stored the list alone.
    entries = body if isinstance(body, list) else _object(body).get("layers")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise PruneError("the model's configuration lists no layers")
    if kind != "Sequential":
        entries = _in_order(entries, _object(body).get("output_layers"))
    return [
        (_class(entry), {"build_config": entry.get("build_config"), **_object(entry.get("config"))})
        for entry in entries
    ]


def _class(entry: Json) -> str:
    """Return the class of a layer; one of the same name that Keras does not own is told apart."""
    kind, owner = _text(entry, "class_name"), entry.get("module") or "keras.layers"
    registered = entry.get("registered_name") or kind
    if not str(owner).startswith(("keras.", "tensorflow.", "tf_keras.")) or registered != kind:
        raise PruneError(
            f"layer {_text(_object(entry.get('config')), 'name')!r} is a {kind} of {owner} "
            f"({registered}), not of Keras; what it computes is not known"
        )
    return kind


def _in_order(entries: list[Json], outputs: Any) -> list[Json]:
    """Order the layers of a functional model along its edges, which must form one chain."""
    by_name = {_text(_object(entry.get("config")), "name"): entry for entry in entries}
    following: dict[str, str] = {}
    starts = []
    for name, entry in by_name.items():
        sources = _references(entry.get("inbound_nodes"), by_name)
        if len(sources) > 1 or any(source in following for source in sources):
            raise PruneError(f"the model branches at layer {name!r}; only chains can be pruned")
        following.update((source, name) for source in sources)
        if not sources:
            starts.append(name)
    ordered = starts[:1]
    while ordered and ordered[-1] in following:
        ordered.append(following[ordered[-1]])
    if len(ordered) != len(entries):
        raise PruneError("the model's layers do not form one chain from input to output")
    if outputs and _references(outputs, by_name) != ordered[-1:]:
        raise PruneError("the model has outputs other than its last layer; only one can be pruned")
    return [by_name[name] for name in ordered]


def _references(nodes: Any, names: dict[str, Json]) -> list[str]:
    """Return the layers that `nodes`, in the form of Keras 2 or 3, refer to."""
    if isinstance(nodes, dict):
        return [name for value in nodes.values() for name in _references(value, names)]
    if not isinstance(nodes, list):
        return []
    if len(nodes) >= 3 and isinstance(nodes[0], str) and nodes[0] in names:
        return [nodes[0]]
    return [name for value in nodes for name in _references(value, names)]


def _text(config: Json, key: str) -> str:
    value = config.get(key)
    if not isinstance(value, str):
        raise PruneError(f"the model's configuration has no {key} where one belongs")
    return value


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise PruneError("the model's configuration is not in the form that Keras writes")
    return value
