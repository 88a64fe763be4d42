"""Floor 5: networks x criteria x sparsities -> rows."""
