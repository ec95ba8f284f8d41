"""What can be asked about studies, by whom it may be seen, and what is hidden from whom."""
