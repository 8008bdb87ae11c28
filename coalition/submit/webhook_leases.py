"""Who delivers which webhook, and how far it is: leases and checkpoints in the database that the nodes share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, delete, func, insert, or_, select, update

from coalition.submit.storage import Storage, execute_many
from coalition.submit.tables import webhook_events, webhook_nodes, webhooks
from coalition.submit.webhooks import Checkpoint, Kept, WebhookRow, kept_of, row_of

__all__ = ["Progress", "WebhookLeases"]

w, n, e = webhooks.c, webhook_nodes.c, webhook_events.c
_FORGET = f"DELETE FROM {webhook_events.name} WHERE webhook = ? AND block = ? AND log = ?"
_PUT_ASIDE = (
    f"INSERT INTO {webhook_events.name} (webhook, block, log, event_id, type, lane, attempts, next_at, dead, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What changed since the last checkpoint: up to where everything is settled, what is put aside, what of that was delivered
    (block, log)."""

    checkpoint: Checkpoint
    put_aside: Sequence[Kept]
    delivered: Collection[tuple[int, int]]
    failing_since: int | None
    disabled: str | None


class WebhookLeases:
    """The webhooks that `node` delivers. Raises as `Storage`. Times are Unix seconds."""

    def __init__(self, engine: Engine, node: str) -> None:
        self._storage = Storage(engine)
        self.node = node

    def renew(self, now: int, until: int) -> tuple[list[WebhookRow], list[str]]:
        """Hold what is held until then, and take what is free, up to a fair share.

        Return what is held, and the ids of what is more than the share: stop those, then `release` them.
        """
        active, mine = w.disabled.is_(None), w.lease_node == self.node
        with self._storage.transaction() as connection:
            connection.execute(delete(webhook_nodes).where(or_(n.until <= now, n.node == self.node)))
            connection.execute(insert(webhook_nodes), {"node": self.node, "until": until})
            nodes = connection.execute(select(func.count()).select_from(webhook_nodes)).scalar_one()
            total = connection.execute(select(func.count()).where(active)).scalar_one()
            share = -(-total // nodes)
            ours = list(connection.execute(select(w.id).where(active, mine).order_by(w.id)).scalars())
            free = or_(w.lease_node.is_(None), and_(w.lease_until <= now, w.lease_node != self.node))
            question = (
                select(w.id).where(active, free).order_by(w.id).limit(max(0, share - len(ours))).with_for_update()
            )
            taken = list(connection.execute(question).scalars())
            held = [*ours, *taken]
            connection.execute(update(webhooks).where(w.id.in_(held)).values(lease_node=self.node, lease_until=until))
            # What somebody else may still have in memory of these does not count any more.
            connection.execute(update(webhooks).where(w.id.in_(taken)).values(generation=w.generation + 1))
            rows = connection.execute(select(webhooks).where(w.id.in_(held)).order_by(w.id))
            return [row_of(row) for row in rows], ours[share:]

    def release(self, ids: Collection[str]) -> None:
        """Let others deliver these."""
        with self._storage.transaction() as connection:
            ours = update(webhooks).where(w.id.in_(ids), w.lease_node == self.node)
            connection.execute(ours.values(lease_node=None, lease_until=0))

    def leave(self) -> None:
        """Let others deliver everything: this node ends."""
        with self._storage.transaction() as connection:
            connection.execute(update(webhooks).where(w.lease_node == self.node).values(lease_node=None, lease_until=0))
            connection.execute(delete(webhook_nodes).where(n.node == self.node))

    def waiting(self, webhook: str) -> list[Kept]:
        """Return what was put aside for a webhook and is not dead, in the order of the chain."""
        question = select(webhook_events).where(e.webhook == webhook, e.dead == 0).order_by(e.block, e.log)
        with self._storage.transaction() as connection:
            return [kept_of(row) for row in connection.execute(question)]

    def checkpoint(self, row: WebhookRow, progress: Progress) -> bool:
        """Write progress down, all of it or nothing; False if the webhook is another node's by now, or was changed or removed."""
        held = (w.id == row.id, w.lease_node == self.node, w.generation == row.generation)
        values = progress.checkpoint._asdict() | {
            "failing_since": progress.failing_since,
            "disabled": progress.disabled,
        }
        gone = [
            (row.id, *place) for place in (*progress.delivered, *((one.block, one.log) for one in progress.put_aside))
        ]
        kept = [
            (
                row.id,
                one.block,
                one.log,
                one.event_id,
                one.type,
                one.lane,
                one.attempts,
                one.next_at,
                int(one.dead),
                one.reason,
            )
            for one in progress.put_aside
        ]
        with self._storage.transaction() as connection:
            if connection.execute(update(webhooks).where(*held).values(**values)).rowcount != 1:
                return False
            execute_many(connection, _FORGET, gone)
            execute_many(connection, _PUT_ASIDE, kept)
            return True

    def close(self) -> None:
        """Close the database."""
        self._storage.close()
