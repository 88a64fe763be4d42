"""What can be pruned of small models of each family of KerasHub, with random weights.

python benchmarks/hub_models.py > docs/keras-hub.md

It needs the package keras-hub.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import prune
from prune.api import subject
from prune.models.inputs import examples

_UNKNOWN = "of which nothing is known"
WORDS = {"vocabulary_size": 200, "num_layers": 2, "num_heads": 2}
TEXT = WORDS | {"hidden_dim": 32, "intermediate_dim": 64}
IMAGE = {"image_shape": (32, 32, 3)}
PATCHES = IMAGE | {"patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 32}
FEW = {"num_query_heads": 2, "num_key_value_heads": 1, "hidden_dim": 32, "intermediate_dim": 64}
DECODER = {"vocabulary_size": 200, "num_layers": 2} | FEW

# Of each family: the class and what it is made with.
FAMILIES: dict[str, dict[str, Any]] = {
    "ResNet": IMAGE
    | {"input_conv_filters": [64], "input_conv_kernel_sizes": [3], "block_type": "basic_block"}
    | {"stackwise_num_filters": [64, 128], "stackwise_num_blocks": [2, 2]}
    | {"stackwise_num_strides": [1, 2]},
    "DenseNet": IMAGE | {"stackwise_num_repeats": [2, 2], "growth_rate": 8},
    "VGG": IMAGE | {"stackwise_num_repeats": [2, 2], "stackwise_num_filters": [16, 32]},
    "Xception": IMAGE
    | {"stackwise_conv_filters": [[16, 32], [32, 32]], "stackwise_pooling": [True, False]},
    "EfficientNet": IMAGE
    | {"stackwise_kernel_sizes": [3, 3], "stackwise_num_repeats": [1, 2]}
    | {"stackwise_input_filters": [16, 16], "stackwise_output_filters": [16, 24]}
    | {"stackwise_expansion_ratios": [1, 4], "stackwise_strides": [1, 2]}
    | {"stackwise_squeeze_and_excite_ratios": [0.25, 0.25]}
    | {"stackwise_block_types": ["v1", "v1"]}
    | {"width_coefficient": 1.0, "depth_coefficient": 1.0},
    "MobileNet": IMAGE
    | {"stackwise_expansion": [[40, 56], [64, 144]], "stackwise_num_blocks": [2, 2]}
    | {"stackwise_num_filters": [[16, 16], [24, 24]], "stackwise_kernel_size": [[3, 3], [5, 5]]}
    | {"stackwise_num_strides": [[2, 1], [2, 1]]}
    | {"stackwise_se_ratio": [[None, None], [0.25, 0.25]]}
    | {"stackwise_activation": [["relu", "relu"], ["hard_swish", "hard_swish"]]}
    | {"stackwise_padding": [[1, 1], [2, 2]], "output_num_filters": 64}
    | {"input_num_filters": 16, "input_activation": "hard_swish"}
    | {"output_activation": "hard_swish", "last_layer_filter": 64}
    | {"depthwise_filters": 8, "depthwise_stride": 2, "depthwise_residual": False},
    "HGNetV2": IMAGE
    | {"depths": [1, 1], "embedding_size": 16, "hidden_sizes": [32, 64]}
    | {"stem_channels": [3, 8, 16], "hidden_act": "relu", "use_learnable_affine_block": False}
    | {"stackwise_stage_filters": [(16, 8, 32, 1, 1, 3), (32, 16, 64, 1, 1, 3)]}
    | {"apply_downsample": [False, True], "use_lightweight_conv_block": [False, False]},
    "ViT": PATCHES | {"mlp_dim": 64},
    "DeiT": PATCHES | {"intermediate_dim": 64},
    "DINOV2": PATCHES | {"intermediate_dim": 64, "position_embedding_shape": (32, 32, 3)},
    "SwinTransformer": IMAGE
    | {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
    "MiT": IMAGE
    | {"layerwise_depths": [1, 1], "num_layers": 2, "layerwise_num_heads": [1, 2]}
    | {"layerwise_sr_ratios": [4, 1], "max_drop_path_rate": 0.1, "layerwise_strides": [4, 2]}
    | {"layerwise_patch_sizes": [7, 3], "hidden_dims": [16, 32]},
    "Bert": TEXT,
    "DistilBert": TEXT,
    "Roberta": TEXT,
    "Albert": TEXT | {"embedding_dim": 16},
    "Electra": {
        ("vocab_size" if name == "vocabulary_size" else name): n for name, n in TEXT.items()
    }
    | {"embedding_dim": 16},
    "DebertaV3": TEXT | {"bucket_size": 32},
    "FNet": {name: n for name, n in TEXT.items() if name != "num_heads"},
    "ESM": TEXT,
    "T5": TEXT,
    "Whisper": TEXT,
    "GPT2": TEXT,
    "OPT": TEXT,
    "Bloom": TEXT,
    "Llama": DECODER,
    "Mistral": DECODER,
    "Gemma": DECODER | {"head_dim": 16},
    "Qwen": DECODER,
}
WRITERS = ("GPT2", "OPT", "Bloom", "Llama", "Mistral", "Gemma", "Qwen")  # that have a CausalLM
HEAD = """# Models of KerasHub

    lm = keras_hub.models.GemmaCausalLM.from_preset(...)
    small = prune.units(lm, 50)  # a GemmaCausalLM with half of each feed-forward network
    small.generate("...")

Small models of each family, with random weights: what is left of all parameters where half of the
units go, as what kind of model, and how many weights are not zero where half of them go. The blocks
of these models are layers of KerasHub's own, made of layers, which
[are followed](own-model.md#layers-of-layers) where they can be. Each smaller model is proved, layer
by layer, to answer as the one with those units at zero, and is then saved, read back by Keras and
compared; those named CausalLM write ten tokens. Weights are pruned in a model of the same class;
embeddings and the last layer of each output stay whole. A preprocessor goes along as it is.

    python benchmarks/hub_models.py > docs/keras-hub.md

It needs the package `keras-hub`.

| family | parameters | units k = 50 | a | weights k = 50 | all units stay, or no file, since |
|---|---|---|---|---|---|"""


def main() -> None:
    """Print the page."""
    hub = importlib.import_module("keras_hub")
    keras = importlib.import_module("keras")
    print(HEAD)
    for name, given in FAMILIES.items():
        model = getattr(hub.models, f"{name}Backbone")(**given)
        _row(name, model, keras)
        if name in WRITERS:
            writer = getattr(hub.models, f"{name}CausalLM")(backbone=model, preprocessor=None)
            _write(_row(f"{name}CausalLM", writer, keras))
    print(f"\nKerasHub {hub.__version__}, Keras {keras.__version__}.")


def _row(name: str, model: Any, keras: Any) -> Any:
    """Print what comes of a model, and return it with half of its units."""
    small, note = _units(model, keras)
    units = f"{small.count_params():,} | {type(small).__name__}" if small else " | "
    weights = prune.weights(model, 50)
    assert type(weights) is type(model)
    nonzero = sum(int(np.count_nonzero(values)) for values in weights.get_weights())
    print(f"| {name} | {model.count_params():,} | {units} | {nonzero:,} | {note} |", flush=True)
    return small


def _units(model: Any, keras: Any) -> tuple[Any, str]:
    """Return the model with half of its units, and what stands in the way of them, or of a file."""
    try:
        small = prune.units(model, 50)
    except prune.PruneError:
        reasons = Counter(each.reason for each in subject.of(model).network.structure.frozen)
        unknown = (each for each, _ in reasons.most_common() if each.endswith(_UNKNOWN))
        return None, next(unknown, "what its layers do is not found out without values")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.keras"
        try:
            small.save(path)
            again = keras.saving.load_model(path)
        except (TypeError, ValueError):
            return small, "Keras cannot read a layer of KerasHub back"
    inputs = keras.tree.pack_sequence_as(small.input, examples(small))
    answers = [keras.tree.flatten(each(inputs)) for each in (small, again)]
    assert all(np.array_equal(*pair) for pair in zip(*answers, strict=True))
    return small, ""


def _write(writer: Any) -> None:
    """Let a language model write on after three tokens."""
    tokens = np.array([[3, 4, 5, *[0] * 10]])
    said = writer.generate(
        {"token_ids": tokens, "padding_mask": (tokens > 0).astype("int32")}, stop_token_ids=None
    )
    said = np.array(said["token_ids"])
    assert said.shape == tokens.shape
    assert (said[0, :3] == tokens[0, :3]).all()


if __name__ == "__main__":
    main()
