"""What a type checker refuses to users; each line says by which rule."""

from __future__ import annotations

import prune
from prune import EnvironmentFalure  # refused: attr-defined

prune.comapre  # refused: attr-defined
prune.import_module  # refused: attr-defined
number: int = prune.__version__  # refused: assignment
prune.weights("mine.keras", "ninety")  # refused: arg-type
prune.weights("mine.keras", 90, "obs")  # refused: call-arg
prune.weights("mine.keras", 90, criterium="obs")  # refused: call-arg
prune.units("mine.keras")  # refused: call-arg
prune.units("mine.keras", 50, n_of_m=(2, 4))  # refused: call-arg
prune.compare("mine.keras")  # refused: call-arg
prune.compare("mine.keras", None).accuracy  # refused: attr-defined
prune.shrink("mine.keras", tell=True)  # refused: arg-type
prune.report(prune.shrink("mine.keras"))  # refused: call-arg
prune.report(90, "page.html")  # refused: arg-type
prune.report(prune.compare("mine.keras", None))  # refused: call-arg
prune.bench("mine.keras", None, batch="all")  # refused: arg-type
prune.search("mine.keras", None, max_drop="1")  # refused: arg-type
prune.Gradual("90")  # refused: arg-type
prune.Gradual(90, n_of_m=2)  # refused: arg-type
prune.Hold(90)  # refused: call-arg
raise prune.__version__  # refused: misc
