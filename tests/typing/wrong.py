"""What a type checker refuses to users; each line says by which rule."""

from __future__ import annotations

import prune
from prune import EnvironmentFalure  # refused: attr-defined

prune.comapre  # refused: attr-defined
prune.import_module  # refused: attr-defined
number: int = prune.__version__  # refused: assignment
raise prune.__version__  # refused: misc
