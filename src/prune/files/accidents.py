"""What people give by accident instead of weights, told by its content."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

_NEEDED = "a Keras .keras, .weights.h5 or .h5 file is needed"
_HEADS = (
    (rb"\s*<(!doctype|html|\?xml)", "a web page, not weights (a download that went wrong?)"),
    (
        rb"version https://git-lfs",
        "a Git LFS pointer, not the weights themselves (`git lfs pull` fetches them)",
    ),
    (rb"\x1f\x8b", "compressed with gzip; unpack it first"),
    (rb"(BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!)", "a compressed archive; unpack it first"),
    (rb"\x80[\x02-\x05]", "a pickle, which runs code when it is loaded; it is not opened"),
    (rb"\x93NUMPY", "a single NumPy array, not a network"),
    (rb".{4}TFL3", "a TensorFlow Lite model, not a Keras file"),
    (rb"GGUF", "a GGUF file, not a Keras file"),
    (rb".{8}\{\"", "a safetensors file, not a Keras file"),
    (rb"\x08[\x01-\x20].*(onnx|pytorch|keras2onnx)", "an ONNX model, not a Keras file"),
    (rb"PK\x05\x06", "an empty zip"),
    (rb"[\0]{16}", "all zeros at its beginning (a download that was not finished?)"),
    (rb"\s*\{.*\"weight_map\"", "the index of a sharded checkpoint; save it as one .keras file"),
    (rb"\s*\{.*\"class_name\"", "a model's configuration, without its weights"),
)
_HEAD = 4096

_FOLDERS = (
    ("_CHECKPOINT_METADATA", "an Orbax checkpoint"),
    ("manifest.ocdbt", "an Orbax checkpoint"),
    ("_METADATA", "an Orbax checkpoint"),
    ("saved_model.pb", "a TensorFlow SavedModel"),
    ("checkpoint", "a TensorFlow checkpoint"),
    ("model.weights.h5", "an unpacked .keras file"),
    ("*.weights.json", "a sharded checkpoint"),
)
_SHARD = re.compile(r"(.+)_\d{5}\.weights\.h5")


def of_content(content: bytes) -> str:
    """Say what a file without the beginning of any format of ours is, and what is needed."""
    if not content:
        return f"is empty; {_NEEDED}"
    for pattern, what in _HEADS:
        if re.match(pattern, content[:_HEAD], re.DOTALL | re.IGNORECASE):
            return f"is {what}; {_NEEDED}"
    return f"is not a Keras file (it starts with {content[:8]!r}); {_NEEDED}"


def of_folder(path: Path) -> str:
    """Say what a folder is, and what is needed."""
    for pattern, what in _FOLDERS:
        if any(islice(path.glob(pattern), 1)):
            return f"is a folder, {what}; save the model as one .keras file"
    return "is a folder; give one .keras or .h5 file"


_MEMBERS = (
    (re.compile(r"(.*/)?data\.pkl"), "a PyTorch file, which runs code when it is loaded"),
    (re.compile(r"[xy]_(train|test)\.npy"), "a data set, not weights; give it to --data"),
    (re.compile(r"word/.*|xl/.*|ppt/.*"), "an office document"),
)


def of_members(names: list[str]) -> str | None:
    """Say what an archive is, by the names in it, if it is known and no model."""
    for pattern, what in _MEMBERS:
        if any(map(pattern.fullmatch, names)):
            return f"is {what}; {_NEEDED}"
    return None


def is_shard(path: Path) -> bool:
    """Tell whether the file is a part of a sharded checkpoint, which by itself looks whole."""
    shard = _SHARD.fullmatch(path.name)
    return shard is not None and path.with_name(f"{shard[1]}.weights.json").exists()
