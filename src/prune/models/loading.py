"""A network from a file: a chain of dense layers as plain arrays, or any model of Keras."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.core import anatomy
from prune.files import keras_writer, models, places, weights
from prune.files.keras_layers.trust import of_words
from prune.files.weights import WeightsFile
from prune.models import build, saving
from prune.models.inlined import inlined
from prune.models.late import import_keras
from prune.models.net import net


def load(
    path: Path, activation: str = "relu", isolate: bool = False, trust: Collection[str] = ()
) -> WeightsFile:
    """Read the network in `path`; `PruneError` names it and says what is wrong.

    A chain is read without Keras.  `trust` names classes of the user's own, MODULE:NAME.  The name
    of a network of the package stands for its file.
    """
    path = places.located(path)
    content = places.content(path)
    if models.is_chain(content):
        return weights.of_content(content, path, activation, isolate)
    try:
        if trust:
            import_keras()  # silently, before a module of the user's does
        named = of_words(trust)
        file = models.parse(content, named)
        if isolate:
            raise PruneError(
                "is no chain of Dense layers, which alone can be read apart; leave out --isolate "
                "(the file is read within bounds all the same, and no code of it runs)"
            )
        whole = net(inlined(build.build(file), named), file.loss, tuple(trust))
        return WeightsFile(whole, file.format, file.sha256, "")
    except PruneError as error:
        raise PruneError(f"weights {path}: {error}") from error


def content(network: Any) -> bytes:
    """Return the bytes of a `.keras` file of a network."""
    if anatomy.is_chain(network):
        return keras_writer.keras_bytes(network)
    return saving.content(network.model())
