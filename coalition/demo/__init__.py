"""Replay of one year of published shopping data through the ledger (optional extra `journey`)."""
