"""Floor 6: networks x criteria x sparsities -> rows."""
