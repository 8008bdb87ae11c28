"""Differential fuzzing: the compiled contracts in an EVM against the twin in Python."""
