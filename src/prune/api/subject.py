"""The model that is given: a live one, or the path of one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

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

    @cached_property
    def template(self) -> keras.Model:
        """The Keras model that new ones are to be like."""
        if self.given is not None:
            return self.given
        whole = self.network
        return keras_bridge.build(whole) if anatomy.is_chain(whole) else whole.template


def of(model: ModelOrPath) -> Subject:
    """Return what is given; `PruneError` says what it is instead of a model."""
    if isinstance(model, str | os.PathLike):
        file = loading.load(Path(model))
        return Subject(file.network, sha256=file.sha256)
    if not (hasattr(model, "layers") and hasattr(model, "weights")):
        raise PruneError(
            f"a Keras model or the path of one is needed, got {type(model).__name__}; give "
            "model, or 'model.keras'"
        )
    return Subject(live.network_of(model), model)
