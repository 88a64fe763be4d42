"""Run `python -m prune`."""

import sys

from prune.cli.main import main

sys.exit(main())
