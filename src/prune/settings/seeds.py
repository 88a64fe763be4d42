"""Networks to prune that are trained for it."""

from __future__ import annotations

from prune.settings.fields import again, declared, setting
from prune.settings.kinds import seeds
from prune.settings.recipe import Training


@declared
class Seeds:
    """Networks to prune, trained for it."""

    seeds: tuple[int, ...] | None = setting(
        None,
        seeds(),
        "instead of one network, train those of the reference recipe with these seeds, such as "
        "0-4 (minutes each; kept in results/networks), and tell the spread; `prune study` does "
        "more",
    )
    model: str = again(Training, "model", about="with --seeds: the network of the zoo to train")
