"""The names of other tools over ours, for who comes from there."""
