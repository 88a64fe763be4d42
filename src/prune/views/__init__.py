"""Floor 4: rows -> tables, sentences and pictures."""

import logging
import os

# Before anything here imports matplotlib.
os.environ["MPLBACKEND"] = "agg"  # for files; the user's choice may not exist here
logging.getLogger("matplotlib").setLevel(logging.ERROR)  # or it remarks on an unwritable home
