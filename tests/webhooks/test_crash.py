"""A node dies between a delivery and its checkpoint: it is delivered again, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coalition.service.deliveries import LEASE_SECONDS
from coalition.service.webhook_course import PAUSES_SECONDS
from tests.webhooks.crash_process import DIED
from tests.webhooks.receiver import receiving
from tests.webhooks.test_deliveries import settled
from tests.webhooks.world import World, account

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 100


@pytest.mark.parametrize(("dies_at", "poison"), [(1, None), (2, 12)])
def test_what_was_delivered_and_not_written_down_comes_again(tmp_path: Path, dies_at: int, poison: int | None) -> None:
    with receiving(behaves=lambda came: 500 if came.receipt == str(poison) else 204) as receiver:
        world = World(tmp_path)
        shown = world.webhooks.add(1, receiver.url)
        arguments = [str(tmp_path), str(world.seconds), str(EVENTS), str(dies_at)]
        command = [sys.executable, "-m", "tests.webhooks.crash_process", *arguments]
        assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == DIED
        receiver.wait_until_alone()
        before = receiver.receipts()
        assert before, "it delivered before it died"
        for number in range(EVENTS):
            world.earn(number % 5, number)
        reached = world.standing(shown).row.checkpoint.block
        assert reached < len(before) + 1, "the checkpoint is behind what was delivered"

        with world.node():
            world.pass_(LEASE_SECONDS - 1)
            assert receiver.receipts() == before, "the dead node still has the lease"
            receiver.behaves = lambda came: 204
            world.pass_(PAUSES_SECONDS[0] + 2)
            world.wait(lambda: settled(world, shown))
        again = receiver.receipts()[len(before) :]
        assert set(again) & set(before), "some came again"
        assert sorted(map(int, {*before, *again})) == list(range(EVENTS))
        for member in range(5):
            first = list(dict.fromkeys(int(one) for one in receiver.by_member()[account(member)]))
            assert first == sorted(first), "nobody hears a later one first"
        world.close()
