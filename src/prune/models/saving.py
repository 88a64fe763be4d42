"""Models to and from the bytes of `.keras` files of our own making."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

from prune.core import losses
from prune.files.keras_layers.trust import Trust
from prune.models.late import keras


def telling(model: keras.Model, loss: str) -> keras.Model:
    """Let the file of a model tell the loss that it is measured by; of cross-entropies, which may
    be of logits, the name says too little, and they are known without."""
    named = losses.named(loss)
    if named is not None and named not in losses.ON_LOGITS:
        with suppress(ValueError):  # a name of Keras 2
            model.compile(loss=keras.losses.get(loss))
    return model


def content(model: keras.Model, compress: bool = False) -> bytes:
    """Return the bytes of a `.keras` file of a model, the same for the same model.

    To `compress` is to deflate every member: zeros take little then, and stock Keras opens it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return _undated(path.read_bytes(), zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED)


def _undated(content: bytes, method: int) -> bytes:
    """Leave out when the file was written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.namelist():
            text = old.read(member)
            if member == "metadata.json":
                told = json.loads(text)
                told.pop("date_saved", None)
                text = json.dumps(told).encode()
            new.writestr(zipfile.ZipInfo(member), text, method)
    return buffer.getvalue()


def loaded(content: bytes, trust: Trust) -> keras.Model:
    """Return the model of what `content` has returned; `trust` are classes of the user's own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        return keras.saving.load_model(path, custom_objects=trust, compile=False)
