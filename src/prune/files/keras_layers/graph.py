"""Models, rebuilt from checked parts: nested, shared, branching."""

from __future__ import annotations

from typing import Any

from prune import PruneError
from prune.files import limits
from prune.files.keras_layers import calls, kinds, objects, values
from prune.files.keras_layers.calls import Call
from prune.files.keras_layers.kinds import LAYERS, OPERATIONS, LayerKind
from prune.files.keras_layers.trust import Trust
from prune.files.keras_layers.values import Json, Unfit
from prune.files.names import short

_ROOMS = {
    "Sequential": ("keras", "keras.models", "keras.src.models.sequential"),
    "Functional": ("keras", "keras.models", "keras.src.models.functional"),
}
_ROOMS["Model"] = (*_ROOMS["Functional"], "keras.src.models.model")
_OUTSIDE = "what it computes is not known; if it is yours, --trust module:{} imports it"


def model(entry: Any, trust: Trust | None = None) -> Json:
    """Return a new configuration, which Keras can build without running anything of the file's.

    Raises `PruneError`, naming the layer, for whatever is not in the table of kinds.
    """
    try:
        rebuilt = _Walk(trust or {}).model(entry, "the model", 0)
    except (RecursionError, Unfit) as error:
        raise PruneError("has a configuration that Keras does not write") from error
    if _calls(rebuilt) > limits.NODES:
        raise PruneError(f"calls its layers more than {limits.NODES:,} times, which is not built")
    return rebuilt


def _calls(layer: Json) -> int:
    """Count the calls of layers that building takes: a model called twice calls its own twice."""
    config = layer["config"]
    within = config.get("layers", []) if layer["class_name"] in kinds.MODELS else []
    within = [*within, *(config[key] for key in ("layer", "backward_layer") if config.get(key))]
    return 1 + sum(_calls(each) * max(1, len(each.get("inbound_nodes", ()))) for each in within)


class _Walk:
    """A walk through a configuration, which counts what it meets."""

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.layers = 0

    def model(self, entry: Any, where: str, depth: int) -> Json:
        kind = _text(entry, "class_name", where)
        if kind not in kinds.MODELS:
            raise PruneError(
                f"{where} is of the class {short(kind)}, whose code is not in the file; "
                "save it as a functional model, keras.Model(inputs, outputs)"
            )
        _check_owner(entry, kind, _ROOMS[kind], where)
        config = entry.get("config")
        # Keras 2.2 and older stored the list alone.
        config = {"name": "sequential", "layers": config} if type(config) is list else config
        if type(config) is not dict or type(config.get("layers")) is not list:
            raise PruneError(f"{where} lists no layers in its configuration")
        name = values.NAME(config.get("name"), f"the name of {where}")
        if kind == "Sequential":
            rebuilt = self._sequential(config, depth)
        else:
            rebuilt, kind = self._functional(config, depth), "Functional"
        trainable = values.FLAG(config.get("trainable", True), f"{name}: trainable")
        module = kinds.MODULE_OF_MODELS[kind]
        return _entry(module, kind, {"name": name, "trainable": trainable, **rebuilt})

    def _sequential(self, config: Json, depth: int) -> Json:
        entries = config["layers"]
        first = entries[0].get("config") if entries and type(entries[0]) is dict else None
        shape = first.get("batch_input_shape") if type(first) is dict else None
        layers = [self.layer(entry, depth + 1) for entry in entries]
        if shape is not None and entries[0].get("class_name") != "InputLayer":
            # Keras 2 said the input's shape in the first layer, whatever that was.
            layers.insert(0, _input(layers[0]["config"]["name"], shape))
        names = [layer["config"]["name"] for layer in layers]
        _check_different(names)
        built = kinds.SETTINGS["batch_shape"](config.get("build_input_shape"), "build_input_shape")
        dtype = objects.PRECISION(config.get("dtype"), "the model's dtype")
        rebuilt = {"layers": layers, "build_input_shape": built, "dtype": dtype}
        return {key: value for key, value in rebuilt.items() if value is not None}

    def _functional(self, config: Json, depth: int) -> Json:
        layers = [self._called(entry, depth + 1) for entry in config["layers"]]
        names = [layer["name"] for layer, _ in layers]
        _check_different(names)
        known = {layer["name"]: layer["class_name"] for layer, _ in layers}
        needed = {}
        for layer, told in layers:
            nodes = [calls.counted_from_nought(node, known) for node in told]
            layer["inbound_nodes"] = [node.given for node in nodes]
            needed[layer["name"]] = [node.needs for node in nodes]
            for name, _ in (need for node in nodes for need in node.needs):
                if name not in known:
                    raise PruneError(
                        f"layer {layer['name']!r} reads {short(name)!r}, which is no layer"
                    )
        calls.check_order(needed, {layer["name"] for layer, _ in layers if _is_input(layer)})
        ends = {
            key: calls.ends(config.get(key), known, key)
            for key in ("input_layers", "output_layers")
        }
        return {"layers": [layer for layer, _ in layers], **ends}

    def _called(self, entry: Any, depth: int) -> tuple[Json, list[Call]]:
        """Return a layer of a functional model, and its calls."""
        layer = self.layer(entry, depth)
        name = layer["config"]["name"]
        if entry.get("name", name) != name:
            raise PruneError(f"layer {short(str(name))!r} has another name in the model")
        told = entry.get("inbound_nodes") or []
        if type(told) is not list:
            raise PruneError(f"layer {name!r} lists no calls")
        layer["name"] = name
        return layer, [calls.read(call, f"layer {name!r}") for call in told]

    def layer(self, entry: Any, depth: int) -> Json:
        """Return a layer, an operation or a model within a model, rebuilt."""
        self.layers += 1
        if self.layers > limits.MODEL_LAYERS:
            raise PruneError(f"has more than {limits.MODEL_LAYERS:,} layers, which are not built")
        if depth > limits.NESTING:
            raise PruneError(f"nests its layers more than {limits.NESTING} deep")
        config = entry.get("config") if type(entry) is dict else None
        named = config.get("name") if type(config) is dict else None
        where = f"layer {short(named) if type(named) is str else '?'!r}"
        kind = _text(entry, "class_name", where)
        values.NAME(named, f"{where} ({short(kind)}): name")
        if (name := _trusted(entry, kind, self.trust)) is not None:
            return _entry(None, name, self._plain(config, where, depth), registered=name)
        if kind in kinds.MODELS:
            return self.model(entry, where, depth)
        objects.refuse_code(kind, where)
        found = _kind(entry, kind, where)
        return _entry(found.module, kind, self._settings(config, kind, found, where, depth))

    def _settings(self, config: Json, kind: str, found: LayerKind, where: str, depth: int) -> Json:
        rebuilt = {}
        for key, value in config.items():
            told = f"{where} ({kind}): {short(str(key))}"
            if key not in found.settings:
                if not _says_nothing(kind, key, value):
                    raise PruneError(f"{told} is no setting that such a layer is known to have")
            elif key in kinds.NESTED:
                rebuilt[key] = self._nested(value, depth)
            elif key in kinds.ACTIVATED:
                rebuilt[key] = self._activation(value, told, depth)
            else:
                rebuilt[key] = kinds.SETTINGS[key](value, told)
        return _modern(kind, rebuilt)

    def _nested(self, value: Any, depth: int) -> Any:
        """Return a layer that a setting holds, or several."""
        if type(value) is list:
            return [self.layer(each, depth + 1) for each in value]
        return None if value is None else self.layer(value, depth + 1)

    def _activation(self, value: Any, told: str, depth: int) -> Any:
        """Return an activation: a name of Keras', or a layer that stands for one."""
        if value is None or (type(value) is str and value in objects.ACTIVATIONS):
            return value
        kind = value.get("class_name") if type(value) is dict else None
        if kind in kinds.ACTIVATION_LAYERS:
            return self.layer(value, depth + 1)
        name = value.get("config") if kind == "function" else value
        if type(name) is str and name in self.trust:
            return name
        if kind == "function" and value.get("module") == "builtins" and name in objects.ACTIVATIONS:
            return name
        raise PruneError(
            f"{told} is {short(str(name if type(name) is str else kind))!r}, "
            f"no activation of Keras'; {_OUTSIDE.format('name')}"
        )

    def _plain(self, value: Any, where: str, depth: int) -> Any:
        """Return the settings of a trusted class: plain values, and layers that may be built."""
        if depth > limits.NESTING + calls.DEPTH:
            raise PruneError(f"{where} has settings more than {calls.DEPTH} deep")
        if type(value) is list:
            return [self._plain(each, where, depth + 1) for each in value]
        if type(value) is not dict:
            return None if value is None else calls.PLAIN(value, f"{where}: a setting")
        if "class_name" not in value:
            return {str(key): self._plain(each, where, depth + 1) for key, each in value.items()}
        for check in (objects.INITIALIZER, objects.REGULARIZER, objects.CONSTRAINT):
            try:
                return check.rebuilt(value)
            except Unfit:
                continue
        try:
            return objects.PRECISION.rebuilt(value)
        except Unfit:
            return self.layer(value, depth + 1)


def _entry(module: str | None, kind: str, config: Json, registered: str | None = None) -> Json:
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _text(entry: Any, key: str, where: str) -> str:
    value = entry.get(key) if type(entry) is dict else None
    if type(value) is not str:
        raise PruneError(f"{where} has no {key} where one belongs")
    return value


def _check_owner(entry: Json, kind: str, rooms: tuple[str, ...], where: str) -> None:
    """Refuse what shares a name with a class of Keras, but says that it is another."""
    module, registered = entry.get("module"), entry.get("registered_name")
    if module not in (None, *rooms) or registered not in (None, kind):
        raise PruneError(
            f"{where} is a {short(kind)} of {short(str(module))} ({short(str(registered))}), "
            f"not of Keras: {_OUTSIDE.format(short(kind))}"
        )


def _trusted(entry: Json, kind: str, trust: Trust) -> str | None:
    """Return the name by which the user trusts this class, or None."""
    registered = entry.get("registered_name")
    last = registered.rpartition(">")[2] if type(registered) is str else None
    return next((name for name in (kind, last) if name in trust), None)


def _kind(entry: Json, kind: str, where: str) -> LayerKind:
    module, config = entry.get("module"), entry.get("config")
    operation = type(module) is str and module.startswith("keras.src.ops.")
    if module is None and kind in OPERATIONS:
        # As in .h5, where operations are told from layers of their name by what these have more.
        operation = type(config) is dict and set(config) <= OPERATIONS[kind].settings
    found = ({**LAYERS, **OPERATIONS} if operation else {**OPERATIONS, **LAYERS}).get(kind)
    if found is None:
        raise PruneError(
            f"{where} is a {short(kind)} of {short(str(module or 'no module'))}, which is no layer "
            f"that can be built: {_OUTSIDE.format(short(kind))}"
        )
    _check_owner(entry, kind, (found.module,), where)
    return found


# Settings of Keras 2 that change nothing, or not where Keras 3 knows them no more.
_OLD = frozenset({"implementation", "input_length", "batch_input_shape", "time_major", "ragged"})


def _says_nothing(kind: str, key: str, value: Any) -> bool:
    channelwise = kind.startswith(("Depthwise", "Separable")) and str(key).startswith("kernel_")
    return value is None or key in _OLD or (key, value) == ("groups", 1) or channelwise


def _modern(kind: str, config: Json) -> Json:
    """Return settings as Keras 3 spells them."""
    shape = config.pop("batch_input_shape", None)
    if kind == "InputLayer" and shape is not None:
        config["batch_shape"] = shape
    if kind == "BatchNormalization" and type(config.get("axis")) is list:
        (config["axis"],) = config["axis"] if len(config["axis"]) == 1 else (None,)
    return config


def _input(name: str, shape: Any) -> Json:
    checked = kinds.SETTINGS["batch_shape"](shape, f"layer {name!r}: batch_input_shape")
    module = LAYERS["InputLayer"].module
    return _entry(module, "InputLayer", {"name": f"{name}_input", "batch_shape": checked})


def _is_input(layer: Json) -> bool:
    return layer["class_name"] == "InputLayer"


def _check_different(names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise PruneError(f"uses the layer name {twice!r} twice")
