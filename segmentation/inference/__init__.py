"""From a volume to a probability map: preparation, the engine, clean-up."""
