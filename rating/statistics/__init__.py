"""The statistics of an acceptance study: rows of answers in, numbers with their reasons out."""
