"""Floor 5: networks trained with Keras, imported only when a command needs it."""
