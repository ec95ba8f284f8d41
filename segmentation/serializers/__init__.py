"""What the API takes and says, by what it is about."""
