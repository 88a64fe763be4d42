"""Floor 5: parse, call one function, print."""
