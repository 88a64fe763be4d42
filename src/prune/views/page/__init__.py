"""Runs -> one page of HTML to share: nothing outside it, and no script needed to read it."""
