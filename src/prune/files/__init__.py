"""Floor 3: the outside world, never trusted: data sets, weights, results."""
