"""The network within a budget: along every curve to where the budget ends, and the best of them.

Networks are chosen by training examples that nothing else has seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple

from prune import PruneError
from prune.core import alive, anatomy, budgets
from prune.core.measure import Evaluation
from prune.core.network import Sparsity
from prune.core.plan import Pruned
from prune.core.pruning import CRITERIA
from prune.experiments import sweep
from prune.experiments.engines import Engine
from prune.experiments.prices import Prices
from prune.experiments.sweep import Curve
from prune.experiments.ways import LADDER
from prune.files.results import Attempt
from prune.settings import lists
from prune.settings.pruning import NO_REPAIR, UNIT
from prune.settings.search import Budget, Effort
from prune.training.retrain import Regime

COARSE = LADDER[1:]  # coarser, it would stop at the first dip of a curve that is not monotone
FINEST = Fraction(1, 100)
# Units are removed by what refits those that are left through these, whatever is looked at: or what
# becomes of a network would depend on which others are, and be worse where few are.
_STEPS = tuple(Fraction(k, 100) for k in (25, 50, 60))


class Candidate(NamedTuple):
    """A network along a curve, and what it costs; measured only if it is worth it."""

    curve: int  # its number
    pruned: Pruned | None  # None: of an earlier search, and too long to make to make it in vain
    attempt: Attempt

    @property
    def sparsity(self) -> Sparsity:
        """How far it is pruned."""
        return Fraction(self.attempt.k) / 100


Known = dict[tuple[str, int, float], Attempt]  # measured before; by what went before, curve and k


@dataclass
class Search:
    """A search in progress."""

    network: Any
    curves: Sequence[Curve]
    engine: Engine  # on the examples to choose by
    budget: Budget
    effort: Effort
    prices: Prices
    known: Known = field(default_factory=dict)
    keep: Callable[[Attempt], None] = lambda attempt: None  # what was measured
    watch: Callable[[str], None] = lambda doing: None
    regime: Regime | None = None  # how to train the best of each method, if that is asked for
    attempts: list[Attempt] = field(default_factory=list)  # that were measured
    priced: list[Attempt] = field(default_factory=list)  # all that were looked at
    best: Candidate | None = None
    after: str = ""  # what was done to get the network, if it is what another search has found
    _whole: Evaluation | None = None  # what an unpruned network does, to be lost from
    _macs: int = 0  # of the unpruned one
    _deadline: float | None = None
    _ends: dict[tuple[str, str, str], Sparsity] = field(default_factory=dict)  # of curves
    _sizes: dict[tuple[int, Sparsity], int] = field(default_factory=dict)
    ended: str = ""  # why, if not since all was looked at

    def run(self) -> Candidate | None:
        """Look along every curve; return the best network within the budget, if there is one."""
        if self._whole is None:
            minutes = self.effort.minutes
            self._deadline = time.monotonic() + 60 * minutes if minutes else None
            self._whole = self.engine(self.network)
            self._macs = anatomy.of(self.network).multiply_adds()
        with suppress(_EnoughError):
            for number in chain(self._numbers(), self._to_train()):
                self._look_along(number)
        if self.best and self.best.pruned is None:
            (pruned,) = self._points(self.best.curve, [self.best.sparsity])
            self.best = self.best._replace(pruned=pruned)
        return self.best

    def further(self, network: Any, curves: Sequence[Curve], engine: Engine, after: str) -> Search:
        """Return a search that goes on from what was found, along curves of that, to better it.

        Losses, work and time are still told from the network that the first search began with.
        """
        own: dict[str, Any] = {"network": network, "curves": curves, "engine": engine}
        own |= {"after": after, "_ends": {}, "_sizes": {}}
        return replace(self, **own)

    def _numbers(self) -> Sequence[int]:
        """Return the curves in the order in which to look along them.

        Where the smallest network is looked for, those come first that lose least: then of each
        other a single network tells that it has none as good that is smaller.
        """
        numbers = range(len(self.curves))
        return numbers if self.budget.bounds_size else numbers[::-1]

    def _to_train(self) -> Iterator[int]:
        """Yield the numbers of the curves to train along: of each method the one that went best.

        A curve has a second number, by as many more as there are curves, for its trained networks.
        """
        for method in dict.fromkeys(curve.method for curve in self.curves if self.regime):
            own = [at for at in self.attempts if (at.method, at.after) == (method, self.after)]
            within = [each for each in own if self._keeps(each)] or own
            if within:
                best = max(within, key=self._rank)
                yield best.curve + len(self.curves)

    def _keeps(self, attempt: Attempt) -> bool:
        allowed = self.budget.max_drop
        return allowed is None or self._drop(attempt) <= allowed

    def _rank(self, attempt: Attempt) -> tuple[float, float]:
        """Return what is larger of a network that is nearer to what is looked for."""
        if not self.budget.bounds_size and self._keeps(attempt):
            return -attempt.bytes, attempt.validation
        return self._order(attempt)

    def _curve(self, number: int) -> Curve:
        again, own = divmod(number, len(self.curves))
        return self.curves[own]._replace(retraining=self.regime if again else None)

    @property
    def unpruned(self) -> Evaluation:
        """What the whole network does on the examples to choose by."""
        return self._whole

    @property
    def chosen(self) -> Any:
        """The best network, or None."""
        return self.best.pruned.network if self.best and self.best.pruned else None

    def reach(self) -> list[Attempt]:
        """Return what the most pruned network of each method costs, by its first curve."""
        firsts = {curve.method: i for i, curve in reversed(list(enumerate(self.curves)))}
        return [
            self._priced(i, pruned).attempt
            for i in firsts.values()
            for pruned in self._points(i, LADDER[-1:])
        ]

    def _points(self, number: int, ladder: Sequence[Sparsity]) -> Iterator[Pruned]:
        curve = self._curve(number)
        through = set(ladder)
        refits = CRITERIA[curve.method][curve.criterion].refits
        if refits and curve.method == UNIT and not curve.retraining:
            through |= {step for step in _STEPS if step < max(ladder, default=0)}
        plan = curve.plan._replace(sparsities=tuple(sorted(through)))
        for _, pruned in sweep.points([curve._replace(plan=plan)], self.watch):
            if pruned.sparsity in ladder:
                yield pruned

    def _look_along(self, number: int) -> None:
        """Find the place along a curve where the budget ends."""
        curve = self._curve(number)

        def climb(ladder: Sequence[Sparsity]) -> Iterator[Candidate]:
            self._check_time()
            if curve.retraining:
                return (self._trained(number, sparsity) for sparsity in ladder)
            return (self._priced(number, pruned) for pruned in self._points(number, ladder))

        ladder, below = self._ladder(curve)
        by_size = self.budget.bounds_size
        end = budgets.boundary(
            climb, self._fits if by_size else self._is_worse, ladder, FINEST, below
        )
        reached = end.after if by_size else end.before
        if reached:
            self._ends[curve.method, curve.criterion, curve.plan.repair] = reached.sparsity
            if by_size:
                self._take_if_better(reached)

    def _trained(self, number: int, sparsity: Sparsity) -> Candidate:
        """Train a network, unless it was measured before."""
        if (known := self.known.get((self.after, number, lists.k(sparsity)))) is not None:
            return Candidate(number, None, known)
        self._check_effort()
        (pruned,) = self._points(number, [sparsity])
        return self._priced(number, pruned)

    def _ladder(self, curve: Curve) -> tuple[tuple[Sparsity, ...], Sparsity]:
        """Return where to look along a curve, and below what not.

        Of bytes and work a repair changes nothing, so that it has its place where the same without
        it ended; what is trained goes on where the same ended.
        """
        end = self._ends.get((curve.method, curve.criterion, curve.plan.repair), Fraction(0))
        if curve.retraining:
            higher = tuple(rung for rung in LADDER if rung > end)
            return ((end,), end) if self.budget.bounds_size else (higher, end)
        if not self.budget.bounds_size:
            return self._smaller(curve)
        plain = self._ends.get((curve.method, curve.criterion, NO_REPAIR))
        if plain is not None and curve.plan.repair != NO_REPAIR:
            return (plain,), max(Fraction(0), plain - FINEST)
        known = [at for (method, *_), at in self._ends.items() if method == curve.method]
        if CRITERIA[curve.method][curve.criterion].refits and known:
            first = min(known)
            higher = tuple(rung for rung in LADDER if rung > first)
            return (first, *higher), max(Fraction(0), first - 4 * FINEST)
        return LADDER, Fraction(0)

    def _smaller(self, curve: Curve) -> tuple[tuple[Sparsity, ...], Sparsity]:
        """Return the same where only what is smaller than the best so far is of any use.

        From where on that is the quickest curve of the method tells, by its bytes alone.
        """
        best = self.best
        if best is None:
            return COARSE, Fraction(0)
        first = next(i for i, each in enumerate(self.curves) if each.method == curve.method)

        def sizes(ladder: Sequence[Sparsity]) -> Iterator[tuple[Sparsity, int]]:
            return ((sparsity, self._bytes(first, sparsity)) for sparsity in ladder)

        found = budgets.boundary(sizes, lambda each: each[1] < best.attempt.bytes, COARSE, FINEST)
        if found.after is None:
            return (), Fraction(0)
        start, _ = found.after
        near = (start, min(start + FINEST, LADDER[-1]))
        higher = tuple(rung for rung in COARSE if rung > near[1])
        return tuple(dict.fromkeys((*near, *higher))), start - FINEST

    def _bytes(self, number: int, sparsity: Sparsity) -> int:
        """Return how long the file of a network is, found out once."""
        if (number, sparsity) not in self._sizes:
            (pruned,) = self._points(number, [sparsity])
            self._sizes[number, sparsity] = self._priced(number, pruned).attempt.bytes
        return self._sizes[number, sparsity]

    def _take_if_better(self, candidate: Candidate) -> None:
        """Measure the least pruned network of a curve that fits; keep it if it is the best."""
        if _is_empty(candidate):
            return
        found = self._measured(candidate)
        if self.best is None or self._order(found.attempt) > self._order(self.best.attempt):
            self.best = found

    def _is_worse(self, candidate: Candidate) -> bool:
        """Tell whether a network loses too much; of those that do not, keep the smallest."""
        if _is_empty(candidate):
            return True
        if self.best and candidate.attempt.bytes >= self.best.attempt.bytes:
            return False  # no matter, since a smaller one is known
        found = self._measured(candidate)
        if self._drop(found.attempt) > self.budget.max_drop:
            return True
        self.best = found
        return False

    def _fits(self, candidate: Candidate) -> bool:
        budget, attempt = self.budget, candidate.attempt
        return (
            (budget.under is None or attempt.bytes <= budget.under)
            and (budget.macs is None or attempt.macs <= budget.macs * self._macs)
            and (budget.faster is None or attempt.faster >= budget.faster)
        )

    def _order(self, attempt: Attempt) -> tuple[float, int]:
        """Return what is larger of a better network: of a loss its opposite."""
        sign = 1 if self._whole.higher_is_better else -1
        return sign * attempt.validation, -attempt.bytes

    def _drop(self, attempt: Attempt) -> Fraction:
        """Return the share that is lost, to the last example."""
        total = self._whole.total
        return Fraction(round(total * (self._whole.value - attempt.validation)), total)

    def _priced(self, number: int, pruned: Pruned) -> Candidate:
        method, criterion, plan, retraining = self._curve(number)
        k = lists.k(pruned.sparsity)
        if (known := self.known.get((self.after, number, k))) is not None:
            return Candidate(number, pruned, known)
        small = anatomy.of(anatomy.of(pruned.network).shrunk())
        attempt = Attempt(
            method=method,
            criterion=criterion,
            repair=plan.repair,
            scope=plan.scope.name,
            k=k,
            curve=number,
            bytes=self.prices.file(pruned.network),
            macs=small.multiply_adds(),
            effective=small.nonzero(),
            faster=None if self.budget.faster is None else self.prices.faster(pruned.network),
            retrain=retraining.recipe.epochs if retraining else 0,
            after=self.after,
        )
        self.priced.append(attempt)
        return Candidate(number, pruned, attempt)

    def _measured(self, candidate: Candidate) -> Candidate:
        """Measure what a network gets right, unless that is known; remember it."""
        attempt = candidate.attempt
        if attempt.validation is None:
            self._check_effort()
            seen = self.engine(candidate.pruned.network)  # type: ignore[union-attr]  # it is there
            attempt = replace(attempt, validation=seen.value)
            self.keep(attempt)
        self.attempts.append(attempt)
        return candidate._replace(attempt=attempt)

    def _check_effort(self) -> None:
        if self.effort.tries is not None and len(self.attempts) >= self.effort.tries:
            self.ended = f"--tries {self.effort.tries} were made"
            raise _EnoughError
        self._check_time()

    def _check_time(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            self.ended = f"--minutes {self.effort.minutes} were over"
            raise _EnoughError


def _is_empty(candidate: Candidate) -> bool:
    """Tell whether a layer has nothing left, so that all that is answered is a constant."""
    if candidate.pruned is None:  # which was measured before
        return False
    network = candidate.pruned.network
    if not anatomy.is_chain(network):
        return False  # where one unit stays
    return any(not layer.kernel.size for layer in alive.shrink(network))


class _EnoughError(PruneError):
    """What may be done to look has been done."""
