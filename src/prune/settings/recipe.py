"""How networks are trained: at first, and again after pruning."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prune import PruneError
from prune.settings.fields import (
    TRAINED,
    again,
    networks,
    one_of,
    percent,
    rate,
    seed,
    setting,
    share,
    whole,
)
from prune.settings.spelling import counted

OPTIMIZERS = ADAM, SGD, ADAMW = ("adam", "sgd", "adamw")
DECAYS = CONSTANT, COSINE, LINEAR = ("none", "cosine", "linear")
SCHEDULES = ONE_SHOT, ITERATIVE, GRADUAL = ("one-shot", "iterative", "gradual")
RAMPS = CUBIC, EXPONENTIAL = ("cubic", "exponential")
STARTS = PRUNED, REWIND, REINIT, SCRATCH = ("pruned", "rewind", "reinit", "scratch")

HOME = (1000, 1000, 500, 200)
LENET300_HIDDEN = (300, 100)  # LeCun 1998, with biases
# The zoo: chains of dense layers, and models of other layers.
CHAINS = MLP, LENET300 = ("mlp", "lenet300")
MODELS = LENET5, RESNET8, RESNET20, MOBILENET = ("lenet5", "resnet8", "resnet20", "mobilenet")
_MOST_DROPPED = 0.99  # of an image: there must be something to learn from


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are those of the published networks."""

    epochs: int = setting(
        10,
        whole(1),
        "passes over the training images",
        always=True,
        said=lambda epochs: f"trained {counted(epochs, 'epoch')}",
    )
    batch_size: int = setting(
        32,
        whole(1),
        "images of a training step",
        always=True,
        said="batch {}".format,
        group=TRAINED,
    )
    learning_rate: float = setting(
        0.001, rate(), "at the first step", always=True, said="rate {}".format, group=TRAINED
    )
    seed: int = 0  # of the order of the images
    optimizer: str = setting(
        ADAM,
        one_of(*OPTIMIZERS, metavar="O"),
        ", ".join(OPTIMIZERS),
        said="by {}".format,
        group=TRAINED,
    )
    momentum: float = setting(
        0.9,
        share(metavar="M"),
        "of sgd",
        needs=("optimizer", SGD),
        always=True,
        group=TRAINED,
    )
    weight_decay: float = setting(
        0.004,
        share(metavar="W"),
        "of adamw",
        needs=("optimizer", ADAMW),
        always=True,
        group=TRAINED,
    )
    decay: str = setting(
        CONSTANT,
        one_of(*DECAYS, metavar="D"),
        f"of the learning rate, to zero at the last step: {', '.join(DECAYS)}",
        group=TRAINED,
    )
    input_dropout: float = setting(
        0.0,
        share(_MOST_DROPPED),
        "of each image's values that are left out, others at every step",
        group=TRAINED,
    )
    augment: int = setting(
        0,
        whole(0, "PIXELS"),
        "shift images by up to so many pixels, each by others at every step",
        said="shifted by up to {}".format,
        group=TRAINED,
    )


@dataclass(frozen=True)
class Training(Recipe):
    """A network, told by how it comes to be: a chain of ReLU layers, or another of the zoo."""

    seed: int = setting(
        0,
        seed(),
        "of the first values and the order of images",
        several="seeds",
        always=True,
        said="seed {}".format,
    )
    hidden: tuple[int, ...] = setting(
        HOME,
        networks(),
        "units of the hidden layers",
        several="hidden",
        needs=("model", MLP),
        always=True,
        said="{}".format,
    )
    model: str = setting(
        MLP,
        one_of(*CHAINS, *MODELS),
        "network to train, by a recipe of its own: " + ", ".join((*CHAINS, *MODELS)),
        said="{}".format,
    )


# As few epochs as it takes: on a laptop one of a residual network takes a minute.
_CONVOLUTIONS = {"epochs": 5, "batch_size": 128, "decay": COSINE, "augment": 2}
_NORMALISED = _CONVOLUTIONS | {"learning_rate": 0.003}

# How each network of the zoo is trained, where that is not as usual.
RECIPES: dict[str, dict[str, Any]] = {
    MLP: {},
    LENET300: {"epochs": 20, "batch_size": 128, "decay": COSINE},
    LENET5: _CONVOLUTIONS | {"learning_rate": 0.002},
    RESNET8: _NORMALISED,
    RESNET20: _NORMALISED,
    MOBILENET: _NORMALISED,
}


def by_recipe(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is given of a training, and what the recipe of its model adds to it."""
    return RECIPES[given.get("model", MLP)] | given


def refuse_senseless(schedule: str, start: str) -> None:
    """Refuse a schedule and a start that cannot be combined."""
    if schedule == GRADUAL and start != PRUNED:
        raise PruneError(
            f"schedule {schedule!r} prunes while training, so that there is no {start!r}; "
            "use one-shot or iterative"
        )
    if schedule == ITERATIVE and start == SCRATCH:
        raise PruneError(f"start {start!r} takes no network and so no rounds; use one-shot")


_EPOCHS = "epochs from 0, or a list of those"


def _epochs(value: Any, name: str) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**6:
        raise ValueError
    return value or None


@dataclass(frozen=True)
class Retraining(Recipe):
    """How what pruning left is trained on, with what is pruned held at zero."""

    epochs: int | None = setting(  # type: ignore[assignment]  # none, and the rest is idle
        None,
        whole(1, "EPOCHS")._replace(given=_epochs, many_expected=_EPOCHS),
        "train what is left, for so many epochs, with what is pruned held at zero; "
        "5,000 training images are held out to choose by",
        several="retrain",
        quiet=True,
        words=("--retrain",),
        always=True,
        said=lambda epochs: f"retrained {counted(epochs, 'epoch')}",
        group=TRAINED,
    )
    schedule: str = setting(
        ONE_SHOT,
        one_of(*SCHEDULES, metavar="S"),
        "one-shot: prune, then train; iterative: in rounds of both, each of --retrain epochs; "
        "gradual: prune while training",
        several="schedules",
        quiet=True,
        always=True,
        said="{}".format,
        group=TRAINED,
    )
    ramp: str = setting(
        CUBIC,
        one_of(*RAMPS, metavar="R"),
        "of sparsity, for gradual: cubic or exponential",
        several="ramps",
        needs=("schedule", GRADUAL),
        always=True,
        said="{}".format,
        group=TRAINED,
    )
    ramp_from: Fraction = setting(
        Fraction(0),
        percent(),
        "of sparsity, where the ramp begins: so much goes at once",
        needs=("schedule", GRADUAL),
        said="from {:.15g} %".format,
        group=TRAINED,
    )
    start: str = setting(
        PRUNED,
        one_of(*STARTS),
        "from which values what is left is trained",
        several="starts",
        quiet=True,
        always=True,
        said="{}".format,
        flags={
            REINIT: "train what is left from fresh values, as a control",
            SCRATCH: "train a smaller dense network of as many parameters instead, as a control",
        },
        group=TRAINED,
    )
    rewind: int = setting(
        1,
        whole(0, "EPOCH"),
        "train a network of this form anew, by the recipe of `prune train`, prune it, and train "
        "what is left from its values after that epoch (lottery ticket)",
        needs=("start", REWIND),
        also=("start", REWIND),
        always=True,
        said="to epoch {}".format,
        group=TRAINED,
    )
    batch_size: int = again(Recipe, "batch_size", 128, said="retrained in batches of {}".format)
    learning_rate: float = again(Recipe, "learning_rate", said="retrained at rate {}".format)
    optimizer: str = again(Recipe, "optimizer", always=True)
    decay: str = again(Recipe, "decay", COSINE, always=True)
    distill: float = setting(
        0.0,
        share(),
        "share of the loss, 0 to 1, that is for answering like the whole network",
        column="imitation",
        blank=0.0,
        said="distilled {}".format,
        group=TRAINED,
    )
