"""When a pruning that goes on while a network trains begins, ends, and takes its steps."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from prune import PruneError
from prune.settings.fields import again, declared, setting
from prune.settings.kinds import Kind
from prune.settings.recipe import Retraining
from prune.settings.spelling import counted

UNITS = SHARE, EPOCHS, STEPS = ("of the training", "epochs", "steps")
_EXPECTED = 'a share of the training from 0 to 1, or a text such as "2 epochs" or "500 steps"'
_TYPED = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) (epoch|step)s?")


class Length(NamedTuple):
    """How long a training is, as far as that is known."""

    steps: int | None  # of an epoch
    epochs: int | None

    @property
    def total(self) -> int | None:
        """All its steps."""
        known = self.steps is not None and self.epochs is not None
        return self.steps * self.epochs if known else None  # type: ignore[operator]


class Moment(NamedTuple):
    """A place in a training."""

    number: float
    unit: str  # one of UNITS

    def __str__(self) -> str:
        """Return it as it is given."""
        return f"{self.number:g}" if self.unit == SHARE else f"{self.number:g} {self.unit}"

    def step(self, length: Length) -> int | None:
        """Return after how many steps it is; None where that cannot be known yet."""
        if self.unit == STEPS:
            return int(self.number)
        whole = length.steps if self.unit == EPOCHS else length.total
        # Rounded first: 0.7 of 10 steps are 7, and not the 6.999999999999999 of the product.
        return None if whole is None else int(round(self.number * whole, 6))


def moment() -> Kind:
    """Return the kind of places in a training."""

    def typed(text: str) -> Moment:
        found = _TYPED.fullmatch(text.strip())
        if found:
            return Moment(float(found[1]), f"{found[2]}s")
        return given(float(text), "")

    def given(value: Any, name: str) -> Moment:
        if isinstance(value, str):
            return typed(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError
        return Moment(float(value), SHARE)

    return Kind(_EXPECTED, "MOMENT", typed, given, (), str)


@declared
class Timetable:
    """When how much goes while a network trains."""

    begin: Moment = setting(Moment(0.0, SHARE), moment(), "until when nothing goes")
    end: Moment = setting(Moment(0.75, SHARE), moment(), "from when all that was asked is gone")
    every: Moment = setting(Moment(0.05, SHARE), moment(), "how often more goes")
    ramp: str = again(Retraining, "ramp", needs=None)
    ramp_from: Any = again(Retraining, "ramp_from", needs=None)

    def moments(self, length: Length) -> list[int] | None:
        """Return after which steps more goes, ascending; None where that cannot be known yet.

        The last leaves a step for what is left to train, if there is more than one.  Raises
        `PruneError` for an end that the training does not reach.
        """
        steps = [each.step(length) for each in (self.begin, self.end, self.every)]
        if None in steps:
            return None
        begin, end, every = (each or 0 for each in steps)
        if begin > end:
            raise PruneError(f"begin = {self.begin} is after end = {self.end}; give begin less")
        if length.total is not None:
            self._check_reached(end, length.total)
            end = min(end, length.total - 1)
        return [*range(begin + max(1, every), end, max(1, every)), end]

    def _check_reached(self, end: int, total: int) -> None:
        if end > total:
            raise PruneError(
                f"end = {self.end} is after {counted(end, 'step')}, but this training has "
                f"{total:,}; give end as a share of it, or train longer"
            )
