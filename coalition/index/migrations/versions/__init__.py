"""One file a version of the read model's tables."""
