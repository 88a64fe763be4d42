"""A live Keras model as a network to prune, and what pruning made of it as a live model again."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from prune import PruneError
from prune.core import alive, anatomy, measure, network
from prune.core import structure as structures
from prune.core.network import Network
from prune.files import keras_config, weights
from prune.files.keras_reader import Found
from prune.models import arrays as models_arrays
from prune.models import keras_bridge, proof
from prune.models.classes import of_class
from prune.models.cut import rebuilt
from prune.models.inlined import inlined
from prune.models.inputs import examples
from prune.models.late import keras
from prune.models.net import Net, net
from prune.models.trace import traced

_ROUNDING = 1e-5  # of the largest logit, which summation in float32 explains


def network_of(model: keras.Model) -> Any:
    """Return a model as a chain of dense layers, if it is one, or as any model."""
    chain = _chain(model)
    return net(inlined(model), _loss(model)) if chain is None else chain


def _loss(model: keras.Model) -> str:
    """Return what a model is trained by, as a file of it would call it; empty if by several."""
    told = getattr(model, "loss", None)
    if isinstance(told, str):
        return told
    several = told is None or isinstance(told, list | tuple | dict)
    return "" if several else getattr(told, "__name__", type(told).__name__)


def _chain(model: keras.Model) -> Network | None:
    if not model.built or not model.weights:
        return None  # of which `net` says what is to be done
    try:
        structures = keras_config.parse(json.loads(model.to_json()))
    except Exception:  # whatever a stranger's layer raises when it is to tell its configuration
        return None
    arrays = {
        layer.name: [np.asarray(values, np.float32) for values in layer.get_weights()]
        for _, layer in models_arrays.layers(model)
        if layer.name in {structure.name for structure in structures}
    }
    try:
        return weights.assembled(Found("keras", arrays, structures))
    except PruneError as error:
        raise PruneError(f"model {model.name!r}: {error}") from error


def masked(template: keras.Model, pruned: Any) -> keras.Model:
    """Return a new model like `template` with the values of a pruned network."""
    whole = _whole(template, pruned)
    return like(template, _as_given(template, whole) or whole.model())


def _as_given(template: keras.Model, whole: Net) -> keras.Model | None:
    """Return a network in the form that `template` has, of layers of the user's own, or None."""
    if whole.arrays.keys() != models_arrays.variables(template).keys():
        return None
    if (model := of_class(template, whole.arrays)) is not None or whole.template is template:
        return model
    found = traced(template)
    with suppress(PruneError):
        return rebuilt(template, found, structures.keep(found.structure, {}), whole.arrays)
    return None


def shrunk(template: keras.Model, pruned: Any) -> keras.Model:
    """Return a new, smaller model like `template`, without what no longer matters.

    It is proved: a chain by its logits, any other model layer by layer, each on what the pruned
    model gives it.  Raises `PruneError` if it differs by more than rounding explains.
    """
    if anatomy.is_chain(pruned):
        return like(template, _smaller_chain(template, pruned))
    small = pruned.shrunk()
    model = small.model()
    _prove(pruned, small, model)
    own = of_class(template, models_arrays.arrays(model))
    return like(template, model if own is None or not proof.agree(own, model) else own)


def _whole(template: keras.Model, pruned: Any) -> Net:
    if not anatomy.is_chain(pruned):
        return pruned
    found = net(template)
    values = network.arrays(pruned)
    return replace(found, arrays=dict(zip(found.arrays, values, strict=True)))


def _smaller_chain(template: keras.Model, pruned: Network) -> keras.Model:
    """Return the layers of `template` with the arrays of the chain without what cannot matter."""
    small = alive.shrink(pruned)
    if empty := next((layer.name for layer in small if not layer.kernel.size), None):
        raise PruneError(
            f"nothing is left: no unit of layer {empty!r} matters any more; give a smaller k"
        )
    model = _cut_to(template, pruned, small)
    written = _chain(model)
    images = np.random.default_rng(0).normal(size=(64, len(pruned[0].kernel)))
    told = measure.compare(pruned, written, images.astype(np.float32))
    if not told.largest <= _ROUNDING * told.scale:
        _refuse(f"by {told.largest:.3g} in a logit, whose largest is {told.scale:.3g}")
    return model


def _cut_to(template: keras.Model, pruned: Network, small: Network) -> keras.Model:
    found = _whole(template, pruned)
    kept = np.ones_like(found.kept)
    for group, left in zip(found.structure.groups.values(), small[:-1], strict=True):
        kept[group.units[left.kernel.shape[1] :]] = False
    values = network.arrays(small)
    if len(values) != len(found.arrays):  # a constant that units gave is a bias now
        return keras_bridge.build(small)
    model = replace(found, kept=kept).model()
    models_arrays.assign(model, dict(zip(found.arrays, values, strict=True)))
    return model


def _prove(pruned: Net, small: Net, model: keras.Model) -> None:
    whole = pruned.model()
    masks = {name: small.kept[group.units] for name, group in pruned.structure.groups.items()}
    told = proof.prove(whole, model, masks, inputs=examples(whole))
    if not told.holds:
        _refuse(f"at {told.apart}")


def _refuse(how: str) -> None:
    raise PruneError(f"the shrunk model differs from the pruned one {how}; please report it")


def like(template: keras.Model, model: keras.Model) -> keras.Model:
    """Compile a new model as another one is, with an optimizer and metrics of its own."""
    if getattr(template, "compiled", False):
        model.compile(**_compiling(template))
    return model


def _compiling(template: keras.Model) -> dict[str, Any]:
    def anew(value: Any) -> Any:
        # A loss keeps nothing and is shared; functions and words are themselves.
        stateful = isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric)
        return type(value).from_config(value.get_config()) if stateful else value

    given = dict(template._compile_config.config)
    given["optimizer"] = template.optimizer
    return {name: keras.tree.map_structure(anew, value) for name, value in given.items()}
