"""The published numbers for the home network (nsai500/Pruning, one network)."""

from __future__ import annotations

from prune.core.anatomy import is_chain
from prune.core.network import Network
from prune.core.pruning import usual
from prune.files.results import Row
from prune.settings.pruning import LAYER, NO_REPAIR, UNIT, WEIGHT

ACCURACY: dict[str, dict[float, float]] = {  # by method and k
    WEIGHT: dict(
        zip(
            (0, 25, 50, 60, 70, 80, 90, 95, 97, 99),
            (0.9808, 0.9802, 0.9805, 0.9801, 0.9783, 0.9759, 0.9549, 0.8532, 0.5790, 0.1706),
            strict=True,
        )
    ),
    UNIT: dict(
        zip(
            (0, 25, 50, 60, 70, 80, 90, 95, 97, 99),
            (0.9808, 0.9808, 0.9801, 0.9756, 0.9565, 0.8303, 0.3802, 0.2005, 0.1547, 0.1003),
            strict=True,
        )
    ),
}

_HOME = ((784, 1000), (1000, 1000), (1000, 500), (500, 200), (200, 10))


def compares(row: Row) -> bool:
    """Tell whether a row was pruned in the way of the published numbers."""
    plain = (row.scope, row.repair, row.schedule) == (LAYER, NO_REPAIR, "none")
    return plain and row.criterion == usual(row.method)


def is_home(network: Network) -> bool:
    """Tell whether `network` has the structure of the published one."""
    return (
        is_chain(network)
        and tuple(layer.kernel.shape for layer in network) == _HOME
        and all(layer.bias is None for layer in network)
        and all(layer.activation == "relu" for layer in network[:-1])
    )
