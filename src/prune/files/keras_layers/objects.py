"""What a setting may name: functions and small objects of Keras, by name or with plain settings."""

from __future__ import annotations

from typing import Any

from prune import PruneError
from prune.files.keras_layers import values
from prune.files.keras_layers.values import Check, Json, Unfit
from prune.files.names import short

ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish"),
    *("relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus"),
    *("softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh"),
    *("tanh_shrink", "threshold"),
)

_AXES = values.optional(values.listed(values.AXIS, 8))
_DRAWN = {"seed": values.SEED, "input_axes": _AXES, "output_axes": _AXES}
_NUMBER = values.optional(values.NUMBER)

_FLOATS = ("float32", "float64", "float16", "bfloat16")
_WHOLE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
_POLICY = values.optional(values.one_of(*_FLOATS, "mixed_float16", "mixed_bfloat16", *_WHOLE))
_INITIALIZERS: dict[str, dict[str, Check]] = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": values.NUMBERS},
    "Identity": {"gain": _NUMBER},
    "Orthogonal": {"gain": _NUMBER, "seed": values.SEED},
    "RandomNormal": {"mean": _NUMBER, "stddev": _NUMBER, "seed": values.SEED},
    "RandomUniform": {"minval": _NUMBER, "maxval": _NUMBER, "seed": values.SEED},
    "TruncatedNormal": {"mean": _NUMBER, "stddev": _NUMBER, "seed": values.SEED},
    "VarianceScaling": {
        "scale": _NUMBER,
        "mode": values.WORD,
        "distribution": values.WORD,
        **_DRAWN,
    },
    "STFT": {
        "side": values.WORD,
        "window": values.optional(values.WORD),
        "scaling": values.optional(values.WORD),
        "periodic": values.FLAG,
    },
    **dict.fromkeys(("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"), _DRAWN),
    **dict.fromkeys(("LecunNormal", "LecunUniform"), _DRAWN),
}
_REGULARIZERS: dict[str, dict[str, Check]] = {
    "L1": {"l1": _NUMBER},
    "L2": {"l2": _NUMBER},
    "L1L2": {"l1": _NUMBER, "l2": _NUMBER},
    "OrthogonalRegularizer": {"factor": _NUMBER, "mode": values.WORD},
}
_CONSTRAINTS: dict[str, dict[str, Check]] = {
    "MaxNorm": {"max_value": _NUMBER, "axis": _AXES},
    "MinMaxNorm": {"min_value": _NUMBER, "max_value": _NUMBER, "rate": _NUMBER, "axis": _AXES},
    "NonNeg": {},
    "UnitNorm": {"axis": _AXES},
}
# Names by which Keras also knows them, all of small letters.
_ALIASES = {
    "normal": "RandomNormal",
    "uniform": "RandomUniform",
    "identity_initializer": "Identity",
    "orthogonal_initializer": "Orthogonal",
    "l1_l2": "L1L2",
    "stft": "STFT",
}


def _snake(kind: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind))


def named(what: str, module: str, kinds: dict[str, dict[str, Check]]) -> Check:
    """Return the check of an object of Keras: null, its name, or its class and plain settings."""
    names = {_snake(kind): kind for kind in kinds} | {kind: kind for kind in kinds} | _ALIASES

    def rebuilt(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is str:
            if names.get(value) not in kinds:
                raise Unfit
            return value
        kind, config = plain_object(value, (module, f"keras.src.{module.partition('.')[2]}"))
        config.pop("dtype", None)  # of Keras 2, which Keras 3 takes from the layer
        if kind not in kinds or set(config) - set(kinds[kind]):
            raise Unfit
        checked = {key: kinds[kind][key].rebuilt(given) for key, given in config.items()}
        return _entry(module, kind, checked)

    return Check(f"{what} of Keras itself (it may run code otherwise)", rebuilt)


def plain_object(value: Any, modules: tuple[str, ...]) -> tuple[str, Json]:
    """Return the class and the settings of an object of one of the modules, or of none told."""
    if type(value) is not dict:
        raise Unfit
    kind, config, module = value.get("class_name"), value.get("config"), value.get("module")
    if type(kind) is not str or type(config) not in (dict, type(None)):
        raise Unfit
    if module is not None and not any(_inside(module, one) for one in modules):
        raise Unfit
    if value.get("registered_name") not in (None, kind):
        raise Unfit
    return kind, dict(config or {})


def _inside(module: Any, room: str) -> bool:
    return type(module) is str and (module == room or module.startswith(f"{room}."))


def _entry(module: str, kind: str, config: Json) -> Json:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def _precision(value: Any) -> Any:
    """Return a type or a policy: its name, or Keras' object of that name."""
    if value is None or type(value) is str:
        return _POLICY.rebuilt(value)
    kind, config = plain_object(value, ("keras", "keras.dtype_policies", "keras.mixed_precision"))
    if kind not in ("DTypePolicy", "Policy", "FloatDTypePolicy") or set(config) - {"name"}:
        raise Unfit
    return _entry("keras", "DTypePolicy", {"name": _POLICY.rebuilt(config.get("name"))})


PRECISION = Check("a float type or policy of Keras that is not quantized", _precision)
NUMBERS_OF = values.one_of(*_FLOATS, *_WHOLE)
INITIALIZER = named("an initializer", "keras.initializers", _INITIALIZERS)
REGULARIZER = named("a regularizer", "keras.regularizers", _REGULARIZERS)
CONSTRAINT = named("a constraint", "keras.constraints", _CONSTRAINTS)


_CODE = "which runs code of whoever made the file"
_WORDS = "which turns words into numbers and is no part of what can be pruned"
RUNS_CODE = {
    **dict.fromkeys(("Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"), _CODE),
    "TFSMLayer": "which opens another folder and runs what is in it",
    "function": _CODE,
    **dict.fromkeys(("StringLookup", "IntegerLookup", "TextVectorization", "FeatureSpace"), _WORDS),
    **dict.fromkeys(("Hashing", "HashedCrossing"), _WORDS),
}


def refuse_code(kind: str, where: str) -> None:
    """Refuse, saying why, what Keras would run code for."""
    if kind in RUNS_CODE:
        raise PruneError(
            f"{where} is a {short(kind)}, {RUNS_CODE[kind]}; "
            f"it is not built (a class of your own in its place: --trust module:{short(kind)})"
        )
