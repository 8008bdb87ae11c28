"""A small till that goes on while its line is down: the reference for those who build one. See `docs/tills.md`.

It is a client and nothing more: of this package it imports `coalition.client` only.
"""

from coalition.till.journal import Journal, JournalDamaged
from coalition.till.till import Slip, Standing, Till

__all__ = ["Journal", "JournalDamaged", "Slip", "Standing", "Till"]
