"""The meaning of the ledger, pure: no chain, no database, no clock, no settings."""
