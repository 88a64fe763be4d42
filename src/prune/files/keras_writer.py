"""Networks as files that stock Keras opens, written without Keras."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from prune.core.network import Network
from prune.files import keras_config


def new_file(where: Path | io.BytesIO) -> Any:
    """Open a new HDF5 file to write to."""
    import h5py  # here, since most commands write no such file, and its import takes time

    return h5py.File(where, "w")


def hdf5_bytes(network: Network, compress: bool = False) -> bytes:
    """Return a file that every loader of Keras opens, whatever the name makes it expect.

    Keras chooses its loader by name: `.weights.h5` is read from /layers, any other `.h5` from
    /model_weights.  Both lead to the same stored arrays.
    """
    buffer = io.BytesIO()
    with new_file(buffer) as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = "3.0.0"
        file.attrs["model_config"] = json.dumps(keras_config.describe(network))
        legacy = file.create_group("model_weights")
        legacy.attrs["layer_names"] = [layer.name.encode() for layer in network]
        for i, layer in enumerate(network):
            variables = file.create_group(f"layers/dense{f'_{i}' if i else ''}/vars")
            variables.attrs["name"] = layer.name
            group = legacy.create_group(layer.name)
            arrays = [("kernel", layer.kernel), ("bias", layer.bias)]
            present = [(name, values) for name, values in arrays if values is not None]
            group.attrs["weight_names"] = [f"{layer.name}/{name}".encode() for name, _ in present]
            for number, (name, values) in enumerate(present):
                packed = {"compression": "gzip", "shuffle": True} if compress else {}
                variables.create_dataset(str(number), data=values, **packed)
                group[f"{layer.name}/{name}"] = variables[str(number)]  # a second hard link
    return buffer.getvalue()


def keras_bytes(network: Network, compress: bool = False) -> bytes:
    """Return a `.keras` archive, its members deflated if told so: zeros take little then."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    members = {
        "metadata.json": json.dumps({"keras_version": "3.0.0"}).encode(),
        "config.json": json.dumps(keras_config.describe(network)).encode(),
        "model.weights.h5": hdf5_bytes(network),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            dated = zipfile.ZipInfo(name)  # 1980: same bytes every time
            archive.writestr(dated, content, method)
    return buffer.getvalue()
