"""Previews over the book in memory: what it decides on a copy of itself."""

from __future__ import annotations

import copy

from coalition.errors import AccessDenied, NotFound, ReceiptConflict, Refused
from coalition.service.answers import first_answer, refusal
from coalition.service.asked import Asked, prove
from coalition.service.previews import OperationPreview
from coalition.submit.submission import Submission
from tests.api.fakes import NOW, FakeBook

__all__ = ["FakePreviews"]


class FakePreviews:
    """`OperationPreviews`, without authorizations."""

    def __init__(self, book: FakeBook) -> None:
        self.book = book

    def preview(self, asked: Asked) -> OperationPreview:
        try:
            known = first_answer(self.book.operations_of(asked.partner, asked.number), asked)
            if known is not None:
                return OperationPreview(1, NOW, known.record, replayed=True)
            submission = Submission(asked.partner, prove(self.book, asked), asked.receipt)  # type: ignore[arg-type]
        except (AccessDenied, NotFound, ReceiptConflict, Refused) as error:
            return OperationPreview(1, NOW, None, error)
        record = copy.deepcopy(self.book)._decide(submission)
        return OperationPreview(1, NOW, record) if record.accepted else OperationPreview(1, NOW, None, refusal(record))
