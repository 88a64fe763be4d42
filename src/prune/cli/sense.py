"""Whether what is asked makes sense together, and what the best known recipe stands for."""

from __future__ import annotations

from collections.abc import Callable

from prune import PruneError
from prune.cli.asked import Asked
from prune.settings import lists
from prune.settings.pruning import LAYER, UNIT, Controls, Pruning
from prune.settings.recipe import (
    BEST,
    ONE_SHOT,
    REWIND,
    Recipe,
    Retraining,
    best,
    refuse_senseless,
)


def at_best(asked: Asked, is_chain: bool, images: Callable[[], int]) -> Asked:
    """Return it with what `--retrain best` stands for; what is given goes before that.

    `images` counts those to train on.
    """
    if asked.given.get("retrain") != BEST:
        return asked
    recipe, *others = (best(method, is_chain, images()) for method in asked.methods())
    if any(other != recipe for other in others):
        raise PruneError(
            "--retrain best is another recipe for each method; use `prune weight` or "
            "`prune unit`, or give --method where there is one"
        )
    own = {name: value for name, value in asked.given.items() if name != "retrain"}
    found = asked._replace(given=recipe | own)
    refuse(found)
    return found


def refuse(asked: Asked) -> None:
    """Refuse options that mean nothing where they stand, or contradict each other."""
    owners = {owner: asked.of(owner) for owner in asked.command.declared}
    again = owners.get(Retraining)
    for option, value in asked.set():
        if option.owner is Retraining and again.epochs is None:
            word = f"--{value}" if option.setting.flags else option.word
            raise PruneError(f"{word} is about training: give --retrain EPOCHS too")
    for option, _ in asked.set():
        if not option.setting.matters(owners[option.owner]):
            name, value = option.setting.needs
            needed = f"--{name} {value}"
            raise PruneError(
                f"{option.word} is for {needed}, got {getattr(owners[option.owner], name)}; leave "
                f"out {option.word}, or give {needed}"
            )
    if again and again.epochs:
        _check_retraining(again, owners[Pruning], owners.get(Controls, Controls()))
    if Pruning in owners:
        _check_pruning(owners[Pruning], asked.command.methods or (owners[Pruning].method,))
    asked.command.check(asked)


def _check_pruning(pruning: Pruning, methods: tuple[str, ...]) -> None:
    if pruning.round_to > 1 and UNIT not in methods:
        raise PruneError(f"--round-to {pruning.round_to} is for units; leave it out for weights")
    if pruning.k_map is not None and pruning.scope != LAYER:
        raise PruneError(f"--k-map says how far each layer goes; leave out --scope {pruning.scope}")


def _check_retraining(again: Retraining, pruning: Pruning, controls: Controls) -> None:
    refuse_senseless(again.schedule, again.start)
    if again.ramp_from == 1:
        raise PruneError("--ramp-from 100 leaves nothing to go on from; give less")
    if again.ramp_from and again.ramp_from >= pruning.k[-1]:
        raise PruneError(
            f"--ramp-from {lists.k(again.ramp_from):g} leaves no k a ramp: give less, or a "
            "larger --k"
        )
    if again.start == REWIND and again.rewind > Recipe.epochs:
        raise PruneError(
            f"--rewind takes an epoch of the original training, 0 to {Recipe.epochs}, "
            f"got {again.rewind}"
        )
    if controls.controls and pruning.scope != LAYER and again.schedule != ONE_SHOT:
        raise PruneError(
            f"--controls with --scope {pruning.scope} cannot follow --schedule {again.schedule}, "
            "whose counts by layer training decides; use --scope layer or one-shot"
        )
