"""The commands, as settings: what can be asked of each.  None is carried out by this."""

from argparse import SUPPRESS

HIDDEN = {"help": SUPPRESS}  # an option to be refused with its reason
