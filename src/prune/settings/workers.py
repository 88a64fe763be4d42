"""Who carries a study out, and the networks of one of depths."""

from __future__ import annotations

from pathlib import Path

from prune.settings.fields import declared, setting
from prune.settings.kinds import path, seeds, text, truth, whole


@declared
class Workers:
    """Who carries a study out, and where its networks are kept."""

    dry_run: bool = setting(
        False,
        truth(),
        "tell the grid, what is done already and how long the rest may take; do nothing",
    )
    fresh: bool = setting(False, truth(), "forget what is done; start over")
    jobs: int = setting(1, whole(1), "processes, which share the cores")
    scheduler: str | None = setting(
        None,
        text("ADDRESS"),
        "of a Dask cluster that carries out the cells, instead of --jobs",
    )
    networks: Path | None = setting(
        None,
        path("DIR"),
        "where trained networks are kept; several studies may share it",
        usual="in --out",
    )


@declared
class Depths:
    """Networks of several depths."""

    depths: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5), seeds("--depths"), "numbers of hidden layers"
    )
    width: int = setting(300, whole(1), "units")
    seeds: tuple[int, ...] = setting((0, 1, 2, 3, 4), seeds(), "networks")
