"""What the ledger does for those who use it: one class for the command line and for HTTP alike."""

from coalition.service.answers import Answer
from coalition.service.ledger import LedgerService

__all__ = ["Answer", "LedgerService"]
