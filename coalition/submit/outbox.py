"""What the database is asked and told. Every method is one transaction; see `tables` for the rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from coalition.submit.content import to_content
from coalition.submit.rows import Row, entry_of, pack, row_of, unpack
from coalition.submit.storage import Storage, execute_many
from coalition.submit.submission import Entry
from coalition.submit.tables import SLOT_SHIFT, operations, transactions

__all__ = ["NonceRecorded", "Outbox", "Row"]

READ_ROWS = 2_000

_ADD_OPERATION = (
    f"INSERT INTO {operations.name} (id, partner, kind, receipt_text, not_before, content) VALUES (?, ?, ?, ?, ?, ?)"
)
_DELETE_OPERATION = f"DELETE FROM {operations.name} WHERE id = ?"
_DELETE_TRANSACTION = f"DELETE FROM {transactions.name} WHERE hash = ?"
_SETTLE_TRANSACTION = f"UPDATE {transactions.name} SET settled_block = ?, operations = ? WHERE hash = ?"


class NonceRecorded(Exception):
    """Another process recorded a transaction with that key and nonce, or may have: it has to be asked for again."""


class Outbox:
    """The outbox's rows. Raises `StorageFull` and `Unavailable` as `Storage` does."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    # ---- operations

    def add(self, entries: Iterable[Entry]) -> None:
        """Write operations down. All or none of them."""
        rows = [
            (
                entry.id,
                entry.submission.partner,
                int(entry.kind),
                entry.submission.receipt_text,
                entry.submission.not_before,
                to_content(entry.submission.operation),
            )
            for entry in entries
        ]
        with self._storage.transaction() as connection:
            execute_many(connection, _ADD_OPERATION, rows)

    def drop(self, ids: Iterable[int]) -> None:
        """Take operations out: their outcome is known."""
        rows = [(id_,) for id_ in ids]
        if rows:
            with self._storage.transaction() as connection:
                execute_many(connection, _DELETE_OPERATION, rows)

    def waiting(self, slot: int) -> list[Entry]:
        """The operations of a slot that no transaction carries, in order."""
        ours = operations.c.id.between(slot << SLOT_SHIFT, (slot + 1 << SLOT_SHIFT) - 1)
        carried = select(transactions.c.operations).where(
            transactions.c.slot == slot, transactions.c.settled_block.is_(None)
        )
        with self._storage.transaction() as connection:
            taken: set[int] = set()
            for (ids,) in connection.execute(carried):
                taken.update(unpack(ids))
            rows = connection.execute(select(operations).where(ours).order_by(operations.c.id))
            return [entry_of(row) for row in rows if row.id not in taken]

    def entries(self, ids: Collection[int]) -> list[Entry]:
        """Operations by id, in the order of `ids`; those that are settled are left out."""
        found: dict[int, Entry] = {}
        wanted = list(ids)
        with self._storage.transaction() as connection:
            for start in range(0, len(wanted), READ_ROWS):
                chunk = operations.c.id.in_(wanted[start : start + READ_ROWS])
                found.update((row.id, entry_of(row)) for row in connection.execute(select(operations).where(chunk)))
        return [found[id_] for id_ in wanted if id_ in found]

    def slots(self) -> list[int]:
        """Slots in which something is left to do, lowest first."""
        found: set[int] = set()
        with self._storage.transaction() as connection:
            lowest = connection.execute(select(func.min(operations.c.id))).scalar()
            while lowest is not None:
                slot = lowest >> SLOT_SHIFT
                found.add(slot)
                later = operations.c.id >= slot + 1 << SLOT_SHIFT
                lowest = connection.execute(select(func.min(operations.c.id)).where(later)).scalar()
            found.update(connection.execute(select(transactions.c.slot).distinct()).scalars())
        return sorted(found)

    def last_id(self, slot: int) -> int:
        """The highest id ever given in a slot, as far as rows tell. A transaction of any slot may carry it."""
        first, last = slot << SLOT_SHIFT, (slot + 1 << SLOT_SHIFT) - 1
        with self._storage.transaction() as connection:
            highest = select(func.max(operations.c.id)).where(operations.c.id.between(first, last))
            found = [connection.execute(highest).scalar() or first]
            carried = select(transactions.c.operations).where(transactions.c.settled_block.is_(None))
            for packed in connection.execute(carried).scalars():
                found += [id_ for id_ in unpack(packed) if first <= id_ <= last]
        return max(found)

    # ---- transactions

    def record(self, rows: Sequence[Row], replaced: Collection[str] = ()) -> None:
        """Write signed transactions down, in place of `replaced` ones (by hash). All or none of them.

        Raises:
            NonceRecorded: a key's nonce is taken by a row of another process; nothing was written.
        """
        values = [
            {
                "hash": row.hash,
                "key": row.key,
                "nonce": row.nonce,
                "slot": row.slot,
                "partner": row.partner,
                "kind": int(row.kind or 0),
                "size": row.size,
                "operations": pack(row.ids),
                "raw": row.raw,
                "settled_block": None,
                "relayed": row.relayed,
            }
            for row in rows
        ]
        try:
            with self._storage.transaction() as connection:
                execute_many(connection, _DELETE_TRANSACTION, [(hash_,) for hash_ in replaced])
                connection.execute(insert(transactions), values)
        except IntegrityError:
            raise NonceRecorded from None

    def unrecord(self, hashes: Collection[str], ids: Collection[int] = ()) -> None:
        """Take transactions out, and with them operations that were refused."""
        with self._storage.transaction() as connection:
            execute_many(connection, _DELETE_TRANSACTION, [(hash_,) for hash_ in hashes])
            execute_many(connection, _DELETE_OPERATION, [(id_,) for id_ in ids])

    def settle(self, settled: Sequence[tuple[str, int, Sequence[int]]], *, keeps: bool) -> None:
        """Drop the operations of decided transactions (hash, block, ids), and those themselves, or else mark them as decided."""
        ids = [(id_,) for _, _, of_one in settled for id_ in of_one]
        with self._storage.transaction() as connection:
            execute_many(connection, _DELETE_OPERATION, ids)
            if keeps:
                execute_many(connection, _SETTLE_TRANSACTION, [(block, b"", hash_) for hash_, block, _ in settled])
            else:
                execute_many(connection, _DELETE_TRANSACTION, [(hash_,) for hash_, _, _ in settled])

    def forget(self, slots: Collection[int], durable_block: int) -> None:
        """Drop decided transactions whose block is durable now."""
        old = transactions.c.slot.in_(slots) & (transactions.c.settled_block <= durable_block)
        with self._storage.transaction() as connection:
            connection.execute(delete(transactions).where(old))

    def unsettle(self, slots: Collection[int], from_block: int) -> int:
        """Mark transactions decided in `from_block` or later as undecided; return how many there are."""
        undone = transactions.c.slot.in_(slots) & (transactions.c.settled_block >= from_block)
        with self._storage.transaction() as connection:
            return connection.execute(update(transactions).where(undone).values(settled_block=None)).rowcount

    def undecide(self, hashes: Iterable[str]) -> None:
        """As `unsettle`, by hash."""
        undone = update(transactions).where(transactions.c.hash == bindparam("_hash")).values(settled_block=None)
        with self._storage.transaction() as connection:
            connection.execute(undone, [{"_hash": hash_} for hash_ in hashes])

    def undecided(self, slots: Collection[int], key: str, after_nonce: int, limit: int) -> list[Row]:
        """Undecided transactions of a key, by nonce."""
        ours = transactions.c.slot.in_(slots) & transactions.c.settled_block.is_(None)
        place = (transactions.c.key == key) & (transactions.c.nonce > after_nonce)
        with self._storage.transaction() as connection:
            found = connection.execute(
                select(transactions).where(ours & place).order_by(transactions.c.nonce).limit(limit)
            )
            return [row_of(row) for row in found]

    def keys(self, slots: Collection[int]) -> dict[str, int]:
        """Keys with undecided transactions, and the partner of each."""
        ours = transactions.c.slot.in_(slots) & transactions.c.settled_block.is_(None)
        with self._storage.transaction() as connection:
            found = connection.execute(select(transactions.c.key, transactions.c.partner).where(ours).distinct())
            return {row.key: row.partner for row in found}

    def decided(self, slots: Collection[int], until_block: int) -> dict[int, list[str]]:
        """Hashes of transactions that are kept though they were decided up to a block, by block."""
        ours = transactions.c.slot.in_(slots) & (transactions.c.settled_block <= until_block)
        blocks: dict[int, list[str]] = {}
        with self._storage.transaction() as connection:
            for row in connection.execute(select(transactions.c.hash, transactions.c.settled_block).where(ours)):
                blocks.setdefault(row.settled_block, []).append(row.hash)
        return blocks

    def at_nonces(self, key: str, first: int, last: int) -> dict[int, bytes]:
        """Raw transactions of a key by nonce, of whichever process."""
        place = (transactions.c.key == key) & transactions.c.nonce.between(first, last)
        with self._storage.transaction() as connection:
            found = connection.execute(select(transactions.c.nonce, transactions.c.raw).where(place))
            return {row.nonce: row.raw for row in found}

    def transaction(self, hash_: str) -> Row | None:
        """A recorded transaction by its hash, of whichever process."""
        with self._storage.transaction() as connection:
            found = connection.execute(select(transactions).where(transactions.c.hash == hash_)).one_or_none()
            return None if found is None else row_of(found)

    def next_nonce(self, key: str) -> int:
        """The nonce after the highest recorded one of a key; 0 if none is."""
        with self._storage.transaction() as connection:
            highest = connection.execute(select(func.max(transactions.c.nonce)).where(transactions.c.key == key))
            nonce: int | None = highest.scalar()
            return 0 if nonce is None else nonce + 1
