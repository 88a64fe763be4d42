"""Floor 4: networks x criteria x sparsities -> rows."""
