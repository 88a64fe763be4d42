"""What users may write."""

from __future__ import annotations

import prune
from prune import PruneError


def status(error: PruneError) -> int:
    return 0 if isinstance(error, prune.EnvironmentFailure) else error.exit_code


version: str = prune.__version__
