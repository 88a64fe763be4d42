"""What of a stranger's model may be built: rebuilt from checked parts, and nothing passed through.

values     what one setting may be: a bounded number, a plain word, a shape
objects    what a setting may name: activations, initializers, regularizers, constraints, types
kinds      every layer and operation that may be built, and the settings it has
shapes     the arrays that a layer must have, as far as its settings tell
calls      what calls of layers are given, in an order that ends
graph      whole models: nested, shared, branching
addresses  where in a file the arrays of each layer stand
trust      the user's own classes, by name
"""
