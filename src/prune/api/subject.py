"""The model that is given: a live one, or the path of one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from prune import PruneError
from prune.core import anatomy
from prune.models import keras_bridge, live, loading

if TYPE_CHECKING:
    import keras  # type: ignore[import-untyped]

ModelOrPath: TypeAlias = "keras.Model | str | os.PathLike[str]"


@dataclass(frozen=True)
class Subject:
    """A model that is not changed, as a network to prune."""

    network: Any  # a chain of dense layers, or any model
    given: Any = None  # the live model, if it was one
    sha256: str = ""  # of the file, if it was one
    path: str = ""

    @cached_property
    def template(self) -> keras.Model:
        """The Keras model that new ones are to be like."""
        if self.given is not None:
            return self.given
        whole = self.network
        return keras_bridge.build(whole) if anatomy.is_chain(whole) else whole.template

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path or str(self.template.name)

    @property
    def sum(self) -> str:
        """A digest of the file, or of all that the model holds now."""
        if self.sha256:
            return self.sha256
        found = hashlib.sha256()
        for array in self.template.get_weights():
            found.update(np.asarray(array).tobytes())
        return found.hexdigest()


def of(model: ModelOrPath) -> Subject:
    """Return what is given; `PruneError` says what it is instead of a model."""
    if isinstance(model, str | os.PathLike):
        file = loading.load(Path(model))
        return Subject(file.network, sha256=file.sha256, path=str(model))
    if not (hasattr(model, "layers") and hasattr(model, "weights")):
        raise PruneError(
            f"a Keras model or the path of one is needed, got {type(model).__name__}; give "
            "model, or 'model.keras'"
        )
    return Subject(live.network_of(model), model)
