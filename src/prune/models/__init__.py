"""Floor 4: any Keras model, live: built, read, traced, cut, proved, run."""
