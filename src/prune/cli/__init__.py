"""Floor 7: parse, call one function, print."""
