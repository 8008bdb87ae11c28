"""A node that dies, without warning, between the deliveries and their checkpoint."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from coalition.submit.webhook_leases import Progress, WebhookLeases
from coalition.submit.webhooks import WebhookRow
from tests.webhooks.world import World

DIED = 86


def main(folder: str, started: str, events: str, dies_at: str) -> None:
    """Deliver; die in place of the checkpoint number `dies_at`, after what it would tell was delivered."""
    world = World(Path(folder), started=float(started))
    for number in range(int(events)):
        world.earn(number % 5, number)
    checkpoint, count = WebhookLeases.checkpoint, [0]

    def dying(self: WebhookLeases, row: WebhookRow, progress: Progress) -> bool:
        count[0] += 1
        if count[0] == int(dies_at):
            os._exit(DIED)
        return checkpoint(self, row, progress)

    WebhookLeases.checkpoint = dying  # type: ignore[method-assign]
    with world.node():
        time.sleep(100)


if __name__ == "__main__":
    main(*sys.argv[1:])
