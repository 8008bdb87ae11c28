"""The partners' own texts of receipts, for people: the chain knows numbers only."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select, tuple_

from coalition.ledger.ids import receipt_text
from coalition.submit.storage import Storage, execute_many
from coalition.submit.tables import receipts

__all__ = ["ReceiptTexts"]

ROWS_A_QUERY = 400
_KEEP = f"INSERT INTO {receipts.name} (partner, receipt, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


class ReceiptTexts:
    """Keeps texts beside the outbox. Lost with that database, a hashed receipt is shown as its number."""

    def __init__(self, engine: Engine) -> None:
        self._storage = Storage(engine)

    def keep(self, texts: Sequence[tuple[int, int, str]]) -> None:
        """Keep (partner, receipt number, text), where the number does not tell the text.

        Raises:
            StorageFull: nothing was kept.
        """
        rows = [
            (partner, receipt.to_bytes(32), text) for partner, receipt, text in texts if text != receipt_text(receipt)
        ]
        if rows:
            with self._storage.transaction() as connection:
                execute_many(connection, _KEEP, rows)

    def text_of(self, partner: int, receipt: int) -> str:
        """Return the text of one receipt; see `texts_of`."""
        return self.texts_of([(partner, receipt)])[0]

    def texts_of(self, wanted: Sequence[tuple[int, int]]) -> list[str]:
        """Return the texts of (partner, receipt number), in order: the number in decimal or hexadecimal if there is none."""
        keys = [(partner, receipt.to_bytes(32)) for partner, receipt in wanted if receipt >> 255]
        found: dict[tuple[int, bytes], str] = {}
        for start in range(0, len(keys), ROWS_A_QUERY):
            place = tuple_(receipts.c.partner, receipts.c.receipt).in_(keys[start : start + ROWS_A_QUERY])
            with self._storage.transaction() as connection:
                rows = connection.execute(select(receipts).where(place))
                found.update({(row.partner, row.receipt): row.text for row in rows})
        return [found.get((partner, receipt.to_bytes(32))) or _shown(receipt) for partner, receipt in wanted]

    def close(self) -> None:
        """Close the database."""
        self._storage.close()


def _shown(receipt: int) -> str:
    return receipt_text(receipt) or f"#{receipt:x}"
