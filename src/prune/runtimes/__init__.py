"""Floor 5: models as files of other runtimes, and what those runtimes answer."""
