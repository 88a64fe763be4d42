"""Floor 4: all that needs Keras, imported only when a command needs it."""
