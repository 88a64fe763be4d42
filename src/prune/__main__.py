"""Run `prune`."""

import gc
import sys

was = gc.isenabled()
gc.disable()  # what is imported stays: to look for garbage in it takes time and finds none

from prune.cli.main import main  # noqa: E402

gc.freeze()  # nor later, nor at the end
if was:
    gc.enable()

if __name__ == "__main__":
    sys.exit(main())
