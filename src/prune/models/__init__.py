"""Floor 5: any Keras model, live: read, traced, cut, proved (Keras only here and in training)."""
