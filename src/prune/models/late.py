"""Keras and TensorFlow under their names, imported when something of them is first used.

To import them takes seconds, which a chain of Dense layers never needs; who writes
`from prune.models.late import keras` need not think of it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from prune import EnvironmentFailure
from prune.files.packages import Late

__all__ = ["Late", "import_keras", "keras", "silenced", "tf"]


@cache
def import_keras() -> ModuleType:
    """Import Keras on TensorFlow, silently, with the settings that our numbers assume.

    The user's own Keras settings may name another backend or float type; they must not change
    results unnoticed.  In a session that has Keras already it is taken as it is: its backend and
    its settings are the user's, and nothing of ours is to change them.
    """
    if "keras" in sys.modules:
        return import_module("keras")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        with silenced():
            import keras  # here: this takes seconds
            import tensorflow  # else Keras imports it later, with its noise
    except ImportError as error:
        raise EnvironmentFailure(
            f"Keras on TensorFlow cannot be imported: {error}; `pip install tensorflow`, "
            "or use --engine numpy where it is offered"
        ) from error
    # It warns of every network that is compiled, as if there were to be but one.
    tensorflow.get_logger().setLevel("ERROR")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


@contextmanager
def silenced() -> Iterator[None]:
    """Hold back what C libraries write to stderr; it becomes a note of the error if there is one.

    Then a traceback shows it, and what is to be one line stays one, as where a signal comes while a
    package is imported, which makes some other error of it.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except Exception as error:
            noise.seek(0)
            if text := noise.read().decode(errors="replace").strip():
                error.add_note(text)
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _chosen() -> None:
    if "keras" not in sys.modules:  # who has a model has chosen how Keras runs
        import_keras()


if TYPE_CHECKING:
    import keras
    import tensorflow as tf
else:
    keras, tf = Late("keras", _chosen), Late("tensorflow", _chosen)
