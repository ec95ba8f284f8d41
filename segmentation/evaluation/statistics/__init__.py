"""Statistics of paired measurements: how far they lie apart, and whether they are the same."""
