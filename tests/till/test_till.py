"""The reference till: signs without a line, hands in with one, by any route, and is switched off in between."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coalition.client import ApiError, Client, Patience
from coalition.till import Journal, Till
from coalition.till.command import main
from tests.api.conftest import MEMBER
from tests.api.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
SEED = 20_261_122
ROUNDS = 4


def nobody() -> Client:
    """The line is down."""
    return Client("http://127.0.0.1:9", "ck_1_x", patience=Patience(deadline_seconds=0.1))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command; what it printed, or where its `status` is 1, what it complained of."""

    def one(folder: Path, *arguments: object, status: int = 0) -> str:
        capsys.readouterr()
        words = ["--folder", str(folder), *map(str, arguments)]
        if status == 0:
            main(words)
            return capsys.readouterr().out
        with pytest.raises(SystemExit) as ended:
            main(words)
        return str(ended.value)

    return one


def test_signs_without_a_line_and_hands_in_with_one(new_till: Callable[[int], Till], client: Client) -> None:
    till = new_till(1)
    slips = [till.earn(MEMBER, 1_999), till.earn(MEMBER, 250), till.redeem(MEMBER, 4)]
    assert [slip.voucher.receipt for slip in slips] == ["voucher:1:1", "voucher:1:2", "voucher:1:3"]
    with nobody() as gone, pytest.raises(ApiError):
        list(till.sync(gone))
    assert till.standing().open == 3

    told = list(till.sync(client))
    assert [(slip.state, slip.points) for slip in told] == [("accepted", 19), ("accepted", 2), ("accepted", 4)]
    assert list(till.sync(client)) == []
    standing = till.standing()
    assert (standing.last, standing.open, standing.accepted, standing.refused) == (3, 0, 3, ())
    assert client.operation("voucher:1:3").operations[0].kind == "redeem"


def test_what_was_refused_is_kept_and_handed_in_again_when_asked(
    new_till: Callable[[int], Till], client: Client, stack: Stack
) -> None:
    till = new_till(2)
    stranger = "0x" + "ab" * 20
    till.earn(stranger, 500)
    (slip,) = till.sync(client)
    assert (slip.state, slip.code) == ("refused", "member_unknown")
    assert list(till.sync(client)) == []
    stack.admin.enrol([stranger])
    (slip,) = till.sync(client, again=True)
    assert (slip.state, slip.points) == ("accepted", 5)
    assert till.standing().refused == ()


@pytest.mark.parametrize(
    ("member", "amount"), [("0x12", 5), ("nobody", 5), (MEMBER, 0), (MEMBER, -1), (MEMBER, 1 << 48)]
)
def test_what_cannot_be_signed_uses_no_number_up(new_till: Any, tmp_path: Path, member: str, amount: int) -> None:
    till = new_till(100 + random.randrange(10**6))
    with pytest.raises(ValueError):  # noqa: PT011 -- the client says what is wrong
        till.earn(member, amount)
    assert till.earn(MEMBER, 5).voucher.number == 1


def test_what_was_accepted_stays_accepted(new_till: Callable[[int], Till], tmp_path: Path, client: Client) -> None:
    """Two that hand in at once may write their outcomes down in any order."""
    till = new_till(10)
    till.earn(MEMBER, 100)
    assert [slip.state for slip in till.sync(client)] == ["accepted"]
    with Journal(tmp_path / "till-10" / "journal").open() as journal:
        journal.append({"outcome": {"number": 1, "state": "refused", "points": None, "code": "balance_too_low"}})
    assert (till.standing().accepted, till.standing().refused) == (1, ())


def test_a_voucher_is_flushed_before_anybody_sees_it(
    new_till: Callable[[int], Till], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, journal, flushed = new_till(11), tmp_path / "till-11" / "journal", list[int]()
    monkeypatch.setattr("coalition.till.journal.os.fsync", lambda _: flushed.append(journal.stat().st_size))
    for _ in range(2):
        till.earn(MEMBER, 100)
        assert flushed[-1] == journal.stat().st_size, "all of it was there when it was flushed"
    assert len(flushed) == 2


def test_gaps_show_what_is_missing_and_close(new_till: Callable[[int], Till], client: Client) -> None:
    till = new_till(3)
    vouchers = [till.earn(MEMBER, 100 + number).voucher for number in range(10)]
    client.hand_in([vouchers[8], vouchers[1], vouchers[2]])
    found = client.till_gaps(3)
    assert [(one.first, one.last) for one in found.gaps] == [(1, 1), (4, 8)]
    page = client.till_gaps(3, limit=1)
    assert page.start == 4
    list(till.sync(client))
    closed = client.till_gaps(3)
    assert (closed.highest, closed.gaps, [(one.first, one.last) for one in closed.accepted]) == (10, (), [(1, 10)])


def test_two_routes_at_once_count_once(new_till: Callable[[int], Till], client: Client, stack: Stack) -> None:
    """The till hands in itself, twice at a time, while its vouchers come by another way too, mixed."""
    till = new_till(4)
    before = client.totals().purchases
    vouchers = [till.earn(MEMBER, 100).voucher for _ in range(30)]

    def other_way(seed: int) -> None:
        mixed = list(vouchers)
        random.Random(seed).shuffle(mixed)
        for start in range(0, 30, 10):
            client.hand_in(mixed[start : start + 10])

    with ThreadPoolExecutor(4) as routes:
        ways = [routes.submit(other_way, seed) for seed in (1, 2)]
        ways += [routes.submit(lambda: [slip.state for slip in till.sync(client)]) for _ in range(2)]
        for way in ways:
            way.result()
    assert client.totals().purchases == before + 30
    assert till.standing().accepted == 30


def test_a_till_set_up_twice_is_refused(new_till: Callable[[int], Till], tmp_path: Path, client: Client) -> None:
    key = new_till(5).key
    with pytest.raises(FileExistsError):
        Till.set_up(tmp_path / "till-5", client, 5)
    assert Till(tmp_path / "till-5").key == key


def test_an_unregistered_till_is_told_so_and_keeps_what_it_signed(tmp_path: Path, client: Client) -> None:
    till = Till.set_up(tmp_path / "new", client, 6)
    till.earn(MEMBER, 100)
    (slip,) = till.sync(client)
    assert (slip.state, slip.code) == ("refused", "voucher_signature_invalid")


def test_the_command(
    tmp_path: Path,
    stack: Stack,
    register: Callable[[Till], None],
    run: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "counter"
    assert "there is no till" in run(folder, "earn", MEMBER, 100, status=1)
    monkeypatch.setenv("COALITION_URL", stack.url)
    monkeypatch.setenv("COALITION_API_KEY", stack.keys[1])
    assert "register its key 0x" in run(folder, "init", 9)
    assert "there is a till" in run(folder, "init", 9, status=1)
    register(Till(folder))
    assert run(folder, "earn", MEMBER, 1_250).rstrip().endswith(f"earn 1250 USD  {MEMBER}  signed")
    assert "whole, at least 1" in run(folder, "earn", MEMBER, 0, status=1)
    assert run(folder, "redeem", MEMBER, 2).startswith("voucher:9:2  ")
    run(folder, "earn", "0x" + "cd" * 20, 100)
    told = ["accepted, 12 points", "accepted, 2 points", "refused, member_unknown"]
    assert [text.split("  ")[-1] for text in run(folder, "sync").splitlines()] == told
    assert run(folder, "sync") == ""
    assert [text.split("  ")[-1] for text in run(folder, "sync", "--again").splitlines()] == told[2:]
    assert oct((folder / "key").stat().st_mode & 0o777) == "0o600"

    command = [sys.executable, "-W", "ignore", "-m", "coalition.till", "--folder", str(folder), "status"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "0 open, 2 accepted, 1 refused" in shown and "voucher:9:3" in shown


PROGRAM = """
import sys
from pathlib import Path
from coalition.till import Journal, Till
from coalition.till.command import main
till = Till(Path(sys.argv[1]))
while True:
    voucher = till.earn(sys.argv[2], 100).voucher
    print(voucher.number, voucher.signature.hex(), flush=True)
"""


def test_switched_off_at_random_moments_it_keeps_what_it_showed(
    new_till: Callable[[int], Till], tmp_path: Path, client: Client
) -> None:
    """A real process signs until it is killed; what it showed is in the journal, and no number was given twice."""
    folder, chance = tmp_path / "till-7", random.Random(SEED)
    new_till(7)
    shown: dict[int, str] = {}
    for _ in range(ROUNDS):
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder), MEMBER]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(chance.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
            for text in (first + process.stdout.read()).splitlines():
                number, _, signature = text.partition(" ")
                if len(signature) == 130:  # else the pipe was cut in the middle of a line
                    assert int(number) not in shown, "a number was given twice"
                    shown[int(number)] = signature
        torn = folder / "journal"
        if chance.random() < 0.5:  # and the power went in the middle of a write
            torn.write_bytes(torn.read_bytes() + b'3f1a0c22 {"voucher":{"number"')

    slips = {slip.voucher.number: slip.voucher for slip in Till(folder).slips()}
    assert {number: slips[number].signature.hex() for number in shown} == shown
    assert sorted(slips) == list(range(1, len(slips) + 1))
    assert len(shown) >= ROUNDS
    states = [slip.state for slip in Till(folder).sync(client)]
    assert states == ["accepted"] * len(slips)
    assert client.till_gaps(7).gaps == ()


SYNC = """
import sys
from pathlib import Path
from coalition.client import Client
from coalition.till import Journal, Till
from coalition.till.command import main
with Client() as client:
    for slip in Till(Path(sys.argv[1])).sync(client):
        print(slip.voucher.number, flush=True)
"""


def test_switched_off_while_it_hands_in(
    new_till: Callable[[int], Till], tmp_path: Path, client: Client, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = new_till(8)
    before = client.totals().purchases
    for _ in range(60):
        till.earn(MEMBER, 100)
    environment = os.environ | {"COALITION_URL": stack.url, "COALITION_API_KEY": stack.keys[1]}
    for pause in (0.0, 0.02):
        command = [sys.executable, "-W", "ignore", "-c", SYNC, str(tmp_path / "till-8")]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pause)
            process.kill()
            process.stdout.read()
    fresh = Till(tmp_path / "till-8")
    list(fresh.sync(client))
    assert fresh.standing().accepted == 60
    assert client.totals().purchases == before + 60
    assert json.loads((tmp_path / "till-8" / "journal").read_bytes().splitlines()[0][9:])["till"]["till"] == 8
