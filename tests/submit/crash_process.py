"""Run by `test_crash`: posts operations, and is gone at a named point, as after kill -9."""

from __future__ import annotations

import os
import sys
import time

from sqlalchemy import create_engine

from coalition.chain.rpc import HttpRpc
from coalition.submit import Submission
from tests.submit.world import Desk, World, earn

CRASHED = 77


def main(url: str, deployment: str, database: str, point: str, count: int) -> None:
    world = World.found(HttpRpc(url), deployment)

    def checkpoint(name: str) -> None:
        nonlocal count
        if name == point:
            count -= 1
            if count == 0:
                os._exit(CRASHED)

    desk = Desk(world, create_engine(database), checkpoint=checkpoint, starts=False)
    desk.on_events = lambda: checkpoint("mined")
    wanted: list[Submission] = [earn(receipt, of=receipt % 3) for receipt in range(6)]
    wanted += [earn(receipt, partner=2) for receipt in range(4)]
    bulk = desk.submitter.post_many(wanted)
    desk.start()
    bulk.wait(20)
    give_up = time.monotonic() + 5
    while not desk.submitter.status.is_idle and time.monotonic() < give_up:
        time.sleep(0.01)
    desk.submitter.post_many([earn(receipt) for receipt in range(100, 105)]).wait(20)
    time.sleep(1)
    desk.close()


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
