"""Making weights: phantoms, examples, augmentation, and the training loop."""
