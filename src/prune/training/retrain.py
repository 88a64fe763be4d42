"""Train on after pruning, with the masks held: the schedules of the literature, and controls.

The interface is that of `pruning.sweep`: `sweep(method, criterion, plan, regime)` yields one
`Pruned` for each sparsity of `plan`, its network trained.  `Regime` holds the images to learn
from, those of `holdout` left aside, the recipe and the schedule.  For start "rewind" the network
of `plan` is the last, and `Regime.early` an earlier one, of `original`.  TensorFlow is
imported by the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from prune.core import pruning, ramp
from prune.core.network import Masks, Network, Sparsity
from prune.core.plan import Plan, Pruned
from prune.settings.recipe import (
    CUBIC,
    GRADUAL,
    ITERATIVE,
    ONE_SHOT,
    PRUNED,
    SCRATCH,
    Recipe,
    refuse_senseless,
)
from prune.training import fit, learners
from prune.training.compiled import Examples
from prune.training.course import Course
from prune.training.starts import STARTS

# An iterative round keeps at least this share of what the one before kept.
KEPT_PER_ROUND = Fraction(1, 2)
# A gradual pruning removes something so often, over this share of its steps; the others train
# what is left.
EVENTS = 100
RAMP_SHARE = 0.7

Watch = Callable[[str], None]  # is told what is being done, often


@dataclass(frozen=True)
class Regime:
    """How to train a network that is pruned, and what on."""

    examples: Examples
    recipe: Recipe = field(default_factory=lambda: Recipe(decay="cosine"))
    schedule: str = ONE_SHOT  # one of SCHEDULES
    ramp: str = CUBIC  # one of ramp.RAMPS, for schedule gradual
    ramp_from: Sparsity = 0  # where it begins: so much goes at once
    start: str = PRUNED  # one of STARTS
    early: Network | None = None  # for start rewind: the network at an early epoch
    teacher: Network | None = None  # to answer like, if not the whole network


class _Task(NamedTuple):
    """A pruning with retraining, ready to be done."""

    method: str
    criterion: str
    plan: Plan
    regime: Regime

    def course(self, network: Network, masks: Masks | None) -> Course:
        """Begin to train `network`, with what `masks` remove at zero."""
        return Course(network, self.regime.examples, self.regime.recipe, masks)

    def prune(self, network: Network, masks: Masks | None, sparsity: Sparsity) -> Pruned:
        """Prune `network`, which has lost what `masks` remove, to one sparsity."""
        plan = self.plan._replace(network=network, masks=masks, sparsities=(sparsity,))
        (point,) = pruning.sweep(self.method, self.criterion, plan)
        return point


def sweep(
    method: str,
    criterion: str,
    plan: Plan,
    regime: Regime,
    watch: Watch = lambda doing: None,
) -> Iterator[Pruned]:
    """Prune and train to each sparsity of `plan` in turn, lazily; errors come at once."""
    pruning.check(method, criterion, plan)
    refuse_senseless(regime.schedule, regime.start)
    return _run(_Task(method, criterion, plan, regime), watch)


def _run(task: _Task, watch: Watch) -> Iterator[Pruned]:
    regime = task.regime
    examples = taught(regime.examples, regime.teacher or task.plan.network)
    task = task._replace(regime=replace(regime, examples=examples))
    yield from SCHEDULES[regime.schedule](task, watch)


def taught(examples: Examples, teacher: Network) -> Examples:
    """Return the examples with the answers of `teacher`, if those are to be imitated."""
    if not examples.imitation:
        return examples
    return replace(examples, imitated=learners.of(teacher).logits(examples.images))


def _one_shot(task: _Task, watch: Watch) -> Iterator[Pruned]:
    """Prune the trained network to each sparsity at once, and train what is left."""
    for point in pruning.sweep(task.method, task.criterion, task.plan):
        yield point._replace(network=_trained(point, task, watch))


def _iterative(task: _Task, watch: Watch) -> Iterator[Pruned]:
    """Prune in rounds, each trained before the next, so that a pass has them all (Han 2015)."""
    network, masks = task.plan.network, task.plan.masks
    for sparsity, asked in ramp.rounds(task.plan.sparsities, KEPT_PER_ROUND):
        point = task.prune(network, masks, sparsity)
        network, masks = _trained(point, task, watch), point.masks
        if asked:
            yield point._replace(network=network)


def _trained(point: Pruned, task: _Task, watch: Watch) -> Network:
    """Return the network of a point after training with its masks held."""
    start, recipe = task.regime.start, task.regime.recipe
    network = STARTS[start](point, recipe.seed, task.regime.early)
    masks = None if start == SCRATCH else point.masks
    course = task.course(network, masks)
    for epoch in range(recipe.epochs):
        watch(f"epoch {epoch + 1} of {recipe.epochs}")
        course.advance(course.steps // recipe.epochs)
    return course.network


def _gradual(task: _Task, watch: Watch) -> Iterator[Pruned]:
    """Prune while training, a little at a time, anew for each sparsity (Zhu and Gupta 2017)."""
    for sparsity in task.plan.sparsities:
        course = task.course(task.plan.network, task.plan.masks)
        events = min(EVENTS, max(1, int(RAMP_SHARE * course.steps)))
        path, masks = _path(task.regime, sparsity, events), task.plan.masks
        for i, here in enumerate(path):
            watch(f"at {float(here):.2%} of {float(sparsity):.2%}")
            point = task.prune(course.network, masks, here)
            masks = point.masks
            course.hold(masks, point.network)
            course.advance(_until(course, i + 1, events) - _until(course, i, events))
        watch("the rest")
        course.advance(course.steps)
        yield point._replace(network=course.network)


def _path(regime: Regime, sparsity: Sparsity, events: int) -> list[Sparsity]:
    return ramp.ramp(regime.ramp, sparsity, events, regime.ramp_from)


def _until(course: Course, event: int, events: int) -> int:
    return int(RAMP_SHARE * course.steps * event / events)


SCHEDULES: dict[str, Callable[[_Task, Watch], Iterator[Pruned]]] = {
    ONE_SHOT: _one_shot,
    ITERATIVE: _iterative,
    GRADUAL: _gradual,
}


def original(network: Network, examples: Examples, recipe: Recipe) -> Iterator[Network]:
    """Train anew a network of the form of `network`; yield it before, and after each epoch."""
    start = fit.fresh(network, (recipe.seed, 0))
    yield start
    for trained, *_ in fit.epochs(start, examples.images, examples.labels, recipe):
        yield trained
