"""Kinds of campaigns, each the twin of a contract in `contracts/rules/`."""
