"""Migrations of the read model's tables, run by `coalition.index.database.migrate`."""
