"""Floor 6: parse, call one function, print."""
