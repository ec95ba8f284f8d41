"""From a volume to a probability map: preparation, the engine and its precision, clean-up."""
