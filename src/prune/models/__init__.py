"""Floor 4: any Keras model, live: traced, cut, proved (Keras only here and in training)."""
