"""Floor 2: pure functions on arrays; no files, clock, printing or Keras."""
