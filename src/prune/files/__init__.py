"""Floor 2: the outside world, never trusted: data sets, weights, results."""
