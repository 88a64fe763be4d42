"""How networks are trained: at first, and again after pruning."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from prune import PruneError
from prune.settings.fields import TRAINED, again, declared, setting
from prune.settings.kinds import Kind, networks, one_of, percent, rate, seed, share, whole
from prune.settings.pruning import UNIT, WEIGHT
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


@declared
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


@declared
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


BEST = "best"  # instead of a number of epochs: the best known way of a method
# What that stands for, by method and whether the network is a chain of Dense layers: chosen by
# images held out of it (results/best.txt).
_BEST_OF_MODELS = {"criterion": ("obs",), "retrain": 5, "augment": 2}
BEST_RECIPES: dict[tuple[str, bool], dict[str, Any]] = {
    (WEIGHT, True): {
        "criterion": ("obd",),
        "calibration": 5000,
        "retrain": 30,
        "schedule": GRADUAL,
        "ramp": EXPONENTIAL,
        "input_dropout": 0.2,
    },
    (UNIT, True): {"criterion": ("obs",), "retrain": 15},
    (WEIGHT, False): _BEST_OF_MODELS,
    (UNIT, False): _BEST_OF_MODELS,
}


_TRIED_ON = 60_000  # training images, of which a twelfth was held out
_MOST_EPOCHS = 150


def best(method: str, is_chain: bool, images: int) -> dict[str, Any]:
    """Return what `--retrain best` stands for, with so many training images.

    Of fewer than it was chosen by an epoch has fewer steps, so that there are more of them.
    """
    found = BEST_RECIPES[method, is_chain]
    more = min(_MOST_EPOCHS, ceil(found["retrain"] * _TRIED_ON / max(images, 1)))
    return found | {"retrain": max(found["retrain"], more)}


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


def _epochs_or_best() -> Kind:
    number = whole(1)

    def typed(text: str) -> Any:
        return text if text == BEST else number.typed(text)

    expected = f"{number.expected}, or {BEST}"
    return Kind(expected, "EPOCHS", typed, _epochs, many_expected=_EPOCHS)


def _epochs(value: Any, name: str) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**6:
        raise ValueError
    return value or None


class Taught(NamedTuple):
    """A teacher from a file, and the share of the loss that is for answering like it."""

    share: float
    file: Path
    sha256: str = ""  # once it was read

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.share:.15g},{self.file}"


_HALF = 0.5  # of the loss is for a teacher if nothing is said


def _teacher() -> Kind:
    one = share()

    def typed(text: str) -> float | Taught:
        first, comma, file = text.partition(",")
        if not re.fullmatch(r"[-+.\d]+", first):
            first, comma, file = str(_HALF), ",", text
        if comma and not file.strip():
            raise ValueError
        return Taught(one.typed(first), Path(file)) if comma else one.typed(first)

    def given(value: Any, name: str) -> float | Taught:
        return typed(value) if isinstance(value, str) else one.given(value, name)

    def plain(value: Any) -> Any:
        """Return a share as it is, and of a teacher which that was."""
        if not isinstance(value, Taught):
            return value
        return f"{value.share:.15g},{value.sha256[:12] or value.file}"

    return Kind(f"{one.expected}, a file, or SHARE,FILE", "SHARE", typed, given, plain=plain)


@declared
class Retraining(Recipe):
    """How what pruning left is trained on, with what is pruned held at zero."""

    epochs: int | None = setting(  # type: ignore[assignment]  # none, and the rest is idle
        None,
        _epochs_or_best(),
        "train what is left, for so many epochs, with what is pruned held at zero; "
        "5,000 training images are held out to choose by; best: by the best known recipe of the "
        "method, which run.json tells",
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
    distill: Any = setting(
        0.0,
        _teacher(),
        "share of the loss, 0 to 1, that is for answering like the whole network; FILE: half of "
        "it, for answering like the network there; or both, SHARE,FILE",
        column="imitation",
        blank=0.0,
        said="distilled {}".format,
        group=TRAINED,
    )
