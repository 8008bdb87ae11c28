"""The write path: an operation that was recorded is lost by nothing and counts once."""

from coalition.submit.migrations import migrate
from coalition.submit.outcomes import Bulk, outcome
from coalition.submit.submission import Submission
from coalition.submit.submitter import Status, Submitter

__all__ = ["Bulk", "Status", "Submission", "Submitter", "migrate", "outcome"]
