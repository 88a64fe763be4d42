"""Every layer and operation that may be built, where it comes from, and the settings it has.

A layer that is not here is named and refused.  A setting goes by the same name in every layer, so
what it may be is said once.
"""

from __future__ import annotations

from typing import NamedTuple

from prune.files import limits
from prune.files.keras_layers import objects, values
from prune.files.keras_layers.objects import CONSTRAINT, INITIALIZER, REGULARIZER
from prune.files.keras_layers.values import (
    AXIS,
    COUNT,
    FLAG,
    NUMBER,
    NUMBERS,
    PAIRS,
    SHAPE,
    SIDE,
    SIDES,
    WORD,
    Check,
    Unfit,
    either,
    listed,
    optional,
    whole,
)

# Settings that hold layers in their turn, which only a walk through the model can check.
NESTED = ("layer", "backward_layer", "forward_layer", "cell", "cells", "layers")
ACTIVATED = ("activation", "recurrent_activation")

_AXES = optional(listed(AXIS, 32, depth=2))
_FRACTION = optional(listed(NUMBER, 4))
_ARRAYS = (
    "kernel bias recurrent depthwise pointwise beta gamma moving_mean moving_variance alpha "
    "embeddings"
)
_ENDINGS = ("initializer", "regularizer", "constraint")


def _null(value: object) -> None:
    if value is not None:
        raise Unfit


def _endings(*checks: Check) -> dict[str, Check]:
    """Return the settings of every array that a layer can have: how it begins, what holds it."""
    return {
        f"{array}_{ending}": check
        for array in _ARRAYS.split()
        for ending, check in zip(_ENDINGS, checks, strict=True)
    }


_BY_CHECK: tuple[tuple[Check, str], ...] = (
    (values.NAME, "name"),
    (FLAG, "trainable use_bias center renorm synchronized rms_scaling return_sequences stateful"),
    (FLAG, "return_state go_backwards unroll zero_output_for_mask unit_forget_bias reset_after"),
    (FLAG, "use_scale use_gate mask_zero tie_weights normalize keepdims invert optional all_ops"),
    (FLAG, "crop_to_aspect_ratio pad_to_aspect_ratio antialias periodic expand_dims power_to_db"),
    (FLAG, "is_causal sorted approximate"),
    (optional(FLAG), "sparse ragged flash_attention"),
    (objects.PRECISION, "dtype reverse_dtype"),
    (COUNT, "units filters depth_multiplier num_heads key_dim num_query_heads head_dim"),
    (COUNT, "num_key_value_heads input_dim output_dim power_iterations projection_dim"),
    (optional(COUNT), "value_dim sequence_length num_tokens sliding_window k"),
    (SIDE, "n height width max_number bins num_mel_bins block_size num_classes num decimals"),
    (optional(SIDE), "num_bins"),
    (whole(1, 64), "num_chains chain_depth num_ops"),
    (whole(1, 2**20), "sequence_stride sampling_rate"),
    (whole(-1, limits.UNITS), "groups"),
    (optional(whole(1, 2**16)), "fft_length frame_length frame_step"),
    (optional(SIDES), "kernel_size strides dilation_rate pool_size size tile_grid_size"),
    (optional(SIDES), "output_padding output_size"),
    (PAIRS, "cropping pad_width"),
    (either(values.one_of("valid", "same", "causal"), PAIRS), "padding"),
    (optional(SHAPE), "target_shape output_shape newshape shape batch_shape batch_input_shape"),
    (optional(SHAPE), "noise_shape"),
    (_AXES, "axis axes dims shared_axes attention_axes axis1 axis2 source destination"),
    (listed(whole(-(2**16), 2**16), 64), "shift repeats indices_or_sections"),
    (values.EQUATION, "equation subscripts"),
    (optional(values.LETTERS), "bias_axes"),
    (REGULARIZER, "activity_regularizer"),
    (optional(NUMBER), "momentum epsilon renorm_momentum rate dropout recurrent_dropout stddev"),
    (optional(NUMBER), "negative_slope max_value threshold default_value b l1 l2 init_values"),
    (optional(NUMBER), "drop_path_rate clip_limit mask_value min_freq max_freq top_db mag_exp"),
    (optional(NUMBER), "min_power ref_power logit_soft_cap order initial"),
    (optional(NUMBERS), "x_min x_max attn_logits_soft_cap mean variance bin_boundaries"),
    (NUMBERS, "offset"),
    (either(FLAG, NUMBERS), "scale"),
    (listed(NUMBER, 4), "alpha"),
    (_FRACTION, "factor x_factor y_factor height_factor width_factor brightness_factor sigma"),
    (_FRACTION, "contrast_factor saturation_factor hue_factor addition_factor threshold_factor"),
    (_FRACTION, "value_range fill_value"),
    (values.SEED, "seed"),
    (optional(WORD), "data_format interpolation fill_mode merge_mode mode score_mode output_mode"),
    (optional(WORD), "window scaling"),
    (optional(either(NUMBER, WORD)), "ord"),
    (Check("null", _null), "renorm_clipping"),
)
SETTINGS: dict[str, Check] = {
    **{name: check for check, names in _BY_CHECK for name in names.split()},
    **_endings(INITIALIZER, REGULARIZER, CONSTRAINT),
}


class LayerKind(NamedTuple):
    """A layer or an operation that may be built."""

    module: str  # where Keras has it
    settings: frozenset[str]


_COMMON = "name trainable dtype activity_regularizer"


def _layers(settings: str, *kinds: str, module: str = "keras.layers") -> dict[str, LayerKind]:
    kind = LayerKind(module, frozenset(f"{_COMMON} {settings}".split()))
    return dict.fromkeys(kinds, kind)


def _weighted(*names: str) -> str:
    """Return the settings of arrays of these names: how they begin and what holds them."""
    return " ".join(f"{name}_{ending}" for name in names for ending in _ENDINGS)


_UNITS = f"activation use_bias {_weighted('kernel', 'bias')}"
_SLIDING = "kernel_size strides padding data_format dilation_rate"
_CONVOLVED = f"filters {_SLIDING} {_UNITS}"
_CHANNELWISE = f"{_SLIDING} depth_multiplier activation use_bias {_weighted('depthwise', 'bias')}"
_SEPARATED = f"filters {_CHANNELWISE} {_weighted('pointwise')}"
_CELL = (
    f"units recurrent_activation {_UNITS} {_weighted('recurrent')} dropout recurrent_dropout seed "
    "unit_forget_bias reset_after"
)
_RECURRENT = (
    "return_sequences return_state go_backwards stateful unroll zero_output_for_mask "
    "batch_input_shape"
)
_ATTENDING = f"use_gate dropout seed sliding_window flash_attention {_UNITS}"
_NORMALIZED = f"axis epsilon center scale {_weighted('beta', 'gamma')}"
_DRAWING = "factor value_range seed data_format"
_WARPING = f"{_DRAWING} fill_mode fill_value interpolation scale"

LAYERS: dict[str, LayerKind] = {
    **_layers("", "Identity", "Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"),
    **_layers("batch_shape batch_input_shape sparse ragged optional", "InputLayer"),
    **_layers("activation", "Activation"),
    **_layers("alpha", "ELU"),
    **_layers("negative_slope alpha", "LeakyReLU"),
    **_layers("max_value negative_slope threshold", "ReLU"),
    **_layers(f"{_weighted('alpha')} shared_axes", "PReLU"),
    **_layers("axis", "Softmax", "Concatenate", "UnitNormalization"),
    **_layers("axes normalize", "Dot"),
    **_layers(f"units {_UNITS}", "Dense"),
    **_layers(f"equation output_shape bias_axes {_UNITS}", "EinsumDense"),
    **_layers(
        f"input_dim output_dim mask_zero tie_weights logit_soft_cap reverse_dtype "
        f"{_weighted('embeddings')}",
        *("Embedding", "ReversibleEmbedding"),
    ),
    **_layers("mask_value", "Masking"),
    **_layers(f"{_CONVOLVED} groups", "Conv1D", "Conv2D", "Conv3D"),
    **_layers(
        f"{_CONVOLVED} output_padding", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"
    ),
    **_layers(_CHANNELWISE, "DepthwiseConv1D", "DepthwiseConv2D"),
    **_layers(_SEPARATED, "SeparableConv1D", "SeparableConv2D"),
    **_layers(
        "pool_size strides padding data_format",
        *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
        *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
    ),
    **_layers(
        "data_format keepdims",
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"),
    ),
    **_layers(
        "output_size data_format",
        *("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"),
        *("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D"),
    ),
    **_layers("cropping data_format", "Cropping1D", "Cropping2D", "Cropping3D"),
    **_layers("padding data_format", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
    **_layers("size data_format interpolation", "UpSampling1D", "UpSampling2D", "UpSampling3D"),
    **_layers("data_format", "Flatten"),
    **_layers("target_shape", "Reshape"),
    **_layers("dims", "Permute"),
    **_layers("n", "RepeatVector"),
    **_layers("rate noise_shape seed", "Dropout", "AlphaDropout"),
    **_layers(
        "rate noise_shape seed data_format",
        *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    ),
    **_layers("rate stddev seed", "GaussianDropout", "GaussianNoise"),
    **_layers("l1 l2", "ActivityRegularization"),
    **_layers(
        f"{_NORMALIZED} momentum moving_mean_initializer moving_variance_initializer renorm "
        "renorm_clipping renorm_momentum synchronized",
        "BatchNormalization",
    ),
    **_layers(f"{_NORMALIZED} groups rms_scaling", "LayerNormalization", "GroupNormalization"),
    **_layers("axis epsilon", "RMSNormalization"),
    **_layers("use_scale score_mode dropout seed", "Attention", "AdditiveAttention"),
    **_layers(
        f"num_heads key_dim value_dim output_shape attention_axes {_ATTENDING}",
        "MultiHeadAttention",
    ),
    **_layers(f"head_dim num_query_heads num_key_value_heads {_ATTENDING}", "GroupQueryAttention"),
    **_layers(_CELL, "SimpleRNNCell", "GRUCell", "LSTMCell"),
    **_layers(f"{_CELL} {_RECURRENT}", "SimpleRNN", "GRU", "LSTM"),
    **_layers(f"filters {_SLIDING} {_CELL} {_RECURRENT}", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    **_layers("cells", "StackedRNNCells"),
    **_layers(f"cell {_RECURRENT}", "RNN"),
    **_layers("layer backward_layer merge_mode", "Bidirectional"),
    **_layers("layer", "TimeDistributed", "Wrapper"),
    **_layers("layer power_iterations", "SpectralNormalization"),
    **_layers("scale offset", "Rescaling"),
    **_layers("axis mean variance invert", "Normalization"),
    **_layers("bin_boundaries num_bins epsilon output_mode sparse", "Discretization"),
    **_layers("num_tokens output_mode sparse", "CategoryEncoding"),
    **_layers(
        "height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value "
        "antialias data_format seed",
        *("Resizing", "CenterCrop", "RandomCrop"),
    ),
    **_layers("layers", "Pipeline"),
    **_layers(
        "num_chains chain_depth num_ops factor alpha all_ops interpolation value_range seed "
        "data_format",
        *("AugMix", "RandAugment", "MixUp", "CutMix"),
    ),
    **_layers(
        "clip_limit tile_grid_size bins value_range data_format",
        *("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization"),
    ),
    **_layers(
        f"{_DRAWING} brightness_factor contrast_factor saturation_factor hue_factor "
        "addition_factor threshold_factor",
        *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast"),
        *("RandomGrayscale", "RandomHue", "RandomInvert", "RandomPosterization"),
        *("RandomSaturation", "RandomSharpness", "Solarization"),
    ),
    **_layers(
        f"{_WARPING} height_factor width_factor x_factor y_factor mode kernel_size sigma",
        *("RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur"),
        *("RandomPerspective", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom"),
    ),
    **_layers("max_number fill_value data_format", "MaxNumBoundingBoxes"),
    **_layers(
        "fft_length sequence_stride sequence_length window sampling_rate num_mel_bins min_freq "
        "max_freq power_to_db top_db mag_exp min_power ref_power",
        "MelSpectrogram",
    ),
    **_layers(
        "mode frame_length frame_step fft_length window periodic scaling padding expand_dims "
        "data_format",
        "STFTSpectrogram",
    ),
    **_layers(
        "init_values projection_dim drop_path_rate",
        *("LayerScale", "StochasticDepth"),
        module="keras.src.applications.convnext",
    ),
    **_layers("scale", "CustomScaleLayer", module="keras.src.applications.inception_resnet_v2"),
}

# Layers that may stand for an activation, with settings of their own.
ACTIVATION_LAYERS = ("Activation", "ELU", "LeakyReLU", "ReLU", "Softmax")


def _operations(room: str, settings: str, kinds: str) -> dict[str, LayerKind]:
    kind = LayerKind(f"keras.src.ops.{room}", frozenset(f"name {settings}".split()))
    return dict.fromkeys(kinds.split(), kind)


# What a model of the functional API records when tensors are computed with: `x + 1`, `x[:, 0]`.
OPERATIONS: dict[str, LayerKind] = {
    **_operations(
        "numpy",
        "",
        "Add Subtract Multiply Divide TrueDivide FloorDivide DivideNoNan Mod Power Maximum Minimum "
        "Negative Abs Absolute Square Sqrt Exp Expm1 Log Log1p Sin Cos Tan Tanh Arctan Sinh Cosh "
        "Floor Ceil Sign Reciprocal Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd "
        "LogicalOr LogicalNot LogicalXor GetItem Where Matmul Dot Hstack Vstack Ravel Isnan",
    ),
    **_operations(
        "numpy",
        "axis keepdims initial dtype",
        "Mean Sum Max Min Prod Var Std Any All Amax Amin Average Argmax Argmin Cumsum Median Sort "
        "CountNonzero Concatenate Stack ExpandDims Squeeze Flip Take TakeAlongAxis",
    ),
    **_operations("numpy", "newshape axes axis1 axis2 source destination shape", "Reshape"),
    **_operations("numpy", "axes axis1 axis2 source destination", "Transpose Swapaxes Moveaxis"),
    **_operations("numpy", "repeats axis shift", "Repeat Tile Roll"),
    **_operations("numpy", "pad_width mode", "Pad"),
    **_operations("numpy", "indices_or_sections axis", "Split"),
    **_operations("numpy", "shape", "BroadcastTo"),
    **_operations("numpy", "x_min x_max", "Clip"),
    **_operations("numpy", "subscripts", "Einsum"),
    **_operations("numpy", "axes", "Tensordot"),
    **_operations("numpy", "decimals", "Round"),
    **_operations("numpy", "dtype", "OnesLike ZerosLike"),
    **_operations(
        "nn",
        "axis threshold default_value negative_slope alpha approximate b",
        "Relu Relu6 Sigmoid SparseSigmoid Softplus Softsign SoftShrink SparsePlus Silu Squareplus "
        "LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu Glu TanhShrink HardTanh "
        "HardShrink Threshold Softmax LogSoftmax Sparsemax",
    ),
    **_operations("nn", "axis order epsilon", "Normalize RMSNorm"),
    **_operations("nn", "num_classes axis dtype sparse", "OneHot"),
    **_operations("nn", "pool_size strides padding data_format", "MaxPool AveragePool"),
    **_operations("nn", "block_size data_format", "DepthToSpace SpaceToDepth"),
    **_operations("nn", "is_causal flash_attention attn_logits_soft_cap", "DotProductAttention"),
    **_operations("core", "dtype", "Cast StopGradient"),
    **_operations("core", "num axis", "Unstack"),
    **_operations("math", "axis keepdims k sorted", "Rsqrt Erf Logsumexp TopK"),
    **_operations("linalg", "ord axis keepdims", "Norm"),
}

MODELS = ("Functional", "Sequential", "Model")
MODULE_OF_MODELS = {"Sequential": "keras", "Functional": "keras.src.models.functional"}
