"""Floor 3: rows -> tables, sentences and pictures."""
