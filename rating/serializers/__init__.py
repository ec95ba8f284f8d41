"""What the API takes and says, by kind of study."""
