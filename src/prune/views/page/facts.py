"""What the parts of a page ask of a run, found once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from prune.files.folders import Run
from prune.views.page import curves
from prune.views.page.curves import Chosen, Curve, Interval

_DIGITS = 12  # of a sum that is shown


@dataclass(frozen=True)
class Facts:
    """A run, its curves, and what it is of."""

    run: Run

    @cached_property
    def curves(self) -> list[Curve]:
        """Its curves; of `sensitivity` each is of one layer."""
        return curves.curves(self.run)

    @cached_property
    def whole(self) -> Interval | None:
        """What the network does unpruned."""
        return curves.unpruned(self.run)

    @cached_property
    def chosen(self) -> Chosen | None:
        """The point to show first."""
        return curves.chosen(self.curves, self.whole)

    def chosen_by(self, method: str) -> Chosen | None:
        """Return the point to show first of one method."""
        return curves.chosen(self.curves, self.whole, method)

    @property
    def is_sweep(self) -> bool:
        """Whether it has curves of the whole network."""
        return bool(self.run.rows) and self.run.command != "sensitivity"

    @property
    def data(self) -> str:
        """The sum of the test images and how many of them were used, or nothing if untold."""
        told = self.run.record["inputs"].get("data", {})
        digest = str(told.get("sha256") or told.get("test") or "")
        return f"{digest[:_DIGITS]}, {self.images:,} images" if digest and self.images else ""

    @property
    def images(self) -> int:
        """How many test images each row is of: the most, if that differs."""
        return max((row["total"] for row in self.run.rows), default=0)

    @property
    def networks(self) -> frozenset[str]:
        """The sums of its networks."""
        told = self.run.record["inputs"].get("weights", {}).get("sha256")
        trained = {row["network"] for row in self.run.rows if row.get("network")}
        return frozenset(map(str, trained or ([told] if told else [])))

    @property
    def data_name(self) -> str:
        """What the images are called."""
        settings = self.run.record["settings"]
        named = settings.get("study") if isinstance(settings.get("study"), dict) else settings
        return _last(named.get("data")) or "unnamed data"

    @property
    def network_name(self) -> str:
        """What the network is called."""
        weights = _last(self.run.record["settings"].get("weights"))
        if len(self.networks) > 1:
            return f"{len(self.networks)} networks"
        return weights or "the shipped network"

    @property
    def said(self) -> str:
        """The conclusion of the run, in its own words."""
        told = self.run.record["results"].get("conclusion", "")
        return " ".join(map(str, told)) if isinstance(told, list) else str(told)


def _last(path: Any) -> str:
    return PurePath(path).name if isinstance(path, str) else ""
