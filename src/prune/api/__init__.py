"""The face for scripts and notebooks: a Keras model goes in, a Keras model or a table comes out."""
