"""How a network is pruned, on which images, and by whom it is run."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from prune.settings.fields import COMMON, RANKED, REMOVED, declared, setting
from prune.settings.kinds import (
    check_known,
    named,
    names,
    one_of,
    path,
    percent,
    percents,
    text,
    truth,
    whole,
)

METHODS = WEIGHT, UNIT = ("weight", "unit")
SCOPES = LAYER, NETWORK, ISOMORPHIC = ("layer", "network", "isomorphic")
REPAIRS = NO_REPAIR, BN, LSTSQ = ("none", "bn", "lstsq")
SCALES = AUTO, AS_THEY_ARE, BY_255, SIGNED = ("auto", "none", "255", "127.5")
ENGINES = NUMPY, KERAS = ("numpy", "keras")

GAINS = THINGS, MACS, BYTES = ("things", "macs", "bytes")

DEFAULT_K = "0,25,50,60,70,80,90,95,97,99"
# Ranked together, a layer of small scores could vanish, and the network with it: this share of
# every layer goes only after all the rest.
FLOOR = Fraction(1, 100)
# Training images; more change the accuracy of the home network by less than its seed does.
CALIBRATION = 20_000


def _told(allocation: Any) -> str:
    """Return the path of an allocation, or once it is read the sum of what it holds."""
    if isinstance(allocation, Path):
        return str(allocation)
    import hashlib  # here: of many commands one needs it, and help is to be quick

    return hashlib.sha256(allocation.text).hexdigest()[:12]


@declared
class Pruning:
    """One curve of one network."""

    method: str = setting(
        WEIGHT,
        one_of(*METHODS, metavar="M"),
        "weight or unit",
        group=COMMON,
        several="methods",
        always=True,
    )
    criterion: str = setting(
        "",
        text("NAME,..."),
        "how things are ranked; several give several curves; `prune criteria` lists them",
        group=COMMON,
        several="criteria",
        commas=True,
        always=True,
        said="{}".format,
        usual="magnitude for weights, norm for units",
    )
    repair: str = setting(
        NO_REPAIR,
        one_of(*REPAIRS, metavar="R,..."),
        "none; bn: statistics of normalisations anew; lstsq: refit what is left by least squares; "
        "both without training; several give several curves",
        group=RANKED,
        several="repairs",
        quiet=True,
        commas=True,
        always=True,
        said="{}".format,
        usual="none; for units of a model with normalisation bn",
    )
    scope: str = setting(
        LAYER,
        one_of(*SCOPES, metavar="S"),
        "layer: each layer loses k percent; network: all are ranked together; isomorphic: all of "
        "one form are, such as kernels of 3 x 3, or units within blocks",
        group=REMOVED,
        several="scopes",
        quiet=True,
        always=True,
        said="scope {}".format,
    )
    k: tuple[Fraction, ...] = setting(
        percents().typed(DEFAULT_K),
        percents(),
        "percents to remove: `0,25,50`, `0 25 50`, `0:90:10` or mixed",
        group=COMMON,
        always=True,
    )
    calibration: int = setting(
        CALIBRATION,
        whole(1),
        "training images that criteria and repair may look at; in a model with convolutions they "
        "take as many of them as memory allows",
        group=RANKED,
        always=True,
        said="calibration {}".format,
    )
    include_output: bool = setting(
        False,
        truth(),
        "prune the weights of the output layer too",
        group=REMOVED,
        said=lambda _: "with the output layer",
        blank=False,
    )
    floor: Fraction = setting(
        FLOOR,
        percent(),
        "of each layer, that --scope network takes last",
        group=REMOVED,
        needs=("scope", NETWORK),
        said="floor {:.15g} %".format,
    )
    round_to: int = setting(
        1,
        whole(1),
        "keep a multiple of N units of each group, or all: never fewer than without",
        group=REMOVED,
        said="in multiples of {}".format,
    )
    keep: tuple[str, ...] = setting(
        (),
        names("LAYER,..."),
        "leave these layers alone: names, names with *, or kinds such as Dense",
        group=REMOVED,
        said="without {}".format,
    )
    k_map: Any = setting(
        None,
        path()._replace(plain=_told),
        "how far each layer goes at each k, as `prune sensitivity` writes it; instead of --scope",
        group=REMOVED,
    )
    include: tuple[str, ...] = setting(
        (),
        names("LAYER,..."),
        "prune these kernels too: depthwise ones and embeddings, which hold few weights and lose "
        "most",
        group=REMOVED,
        said="with {}".format,
    )
    engine: str | None = setting(
        None,
        one_of(*ENGINES, metavar="E"),
        "who runs the network: numpy or keras",
        said="by {}".format,
        usual="numpy for chains of Dense layers, else keras",
    )


@declared
class Controls:
    """What the curves that are asked for are held against."""

    controls: bool = setting(
        False, truth(), "add random pruning, for every curve to beat", group=RANKED
    )


def _scale(value: Any, name: str) -> str:
    check_known(str(value), SCALES, name)  # numbers may be written as such
    return str(value)


@declared
class Images:
    """Which images."""

    data: str = setting(
        "mnist",
        named("NAME or FILE"),
        "mnist, fashion-mnist, an .npz with x_train, y_train, x_test, y_test, or a folder of IDX "
        "files",
        group=COMMON,
    )
    limit: int | None = setting(None, whole(1), "only the first N images of each split")
    scale: str = setting(
        AUTO,
        one_of(*SCALES, metavar="S")._replace(given=_scale),
        "255: divide images by 255; 127.5: divide by it and take 1 off, so that they go from -1 to "
        "1; none: take them as they are; auto: divide whole numbers by 255, take decimals as they "
        "are",
    )
