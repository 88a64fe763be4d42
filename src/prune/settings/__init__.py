"""Floor 1: what can be asked, declared once; no NumPy."""
