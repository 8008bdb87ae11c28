"""The chain of one machine: shared, stored, restored, and gone when nobody needs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from coalition.bootstrap import forget_ledger
from coalition.chain import embedded, history, keeper, transactions, views
from coalition.chain.deployment import verify
from coalition.chain.embedded import EmbeddedChain, set_next_timestamp
from coalition.chain.engine_tester import TesterEngine
from coalition.chain.keeper import write_file
from coalition.chain.rpc import HttpRpc, RpcError
from coalition.errors import ChainUnavailable, SetupError, StorageFull
from coalition.ledger.operations import Earn
from coalition.settings import Settings
from tests.chain.conftest import START, Ledger, require_anvil

TesterEngine.__test__ = False  # type: ignore[attr-defined]  # its name makes pytest take it for tests

HOLDER = """
import sys, time
from pathlib import Path
from coalition.chain.embedded import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]), 1_700_000_000, engine=sys.argv[2])
print(chain.url, flush=True)
time.sleep(600)
"""


@pytest.fixture(params=["eth-tester", "anvil"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "anvil":
        require_anvil()
    return str(request.param)


@pytest.fixture
def holder(home: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that starts the home's chain and holds a lease."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home), engine], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    wait_until_gone(home)


def wait_until_gone(home: Path) -> None:
    give_up = time.monotonic() + 30
    while EmbeddedChain.running(home) or embedded._is_locked(home / "chain" / "keeper.lock"):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def process_of(home: Path) -> dict[str, object]:
    content: dict[str, object] = orjson.loads((home / "chain" / "process.json").read_bytes())
    return content


def answers(url: str) -> bool:
    rpc = HttpRpc(url, timeout=5)
    try:
        rpc.call("eth_chainId", [])
    except ChainUnavailable:
        return False
    finally:
        rpc.close()
    return True


def test_a_stop_and_a_start_keep_everything(home: Path, engine: str) -> None:
    assert EmbeddedChain.running(home) is None
    with EmbeddedChain(home, START, engine=engine) as chain:
        assert chain.started and chain.engine == engine
        assert EmbeddedChain.running(home) == chain.url
        rpc = HttpRpc(chain.url)
        assert history.head(rpc).timestamp == START
        ledger = Ledger(rpc)
        receipt = ledger.post(*(Earn(f"0x{i:040x}", i, 100 * i, True) for i in range(1, 30)))
        head = history.head(rpc)
        told = history.events(rpc, ledger.deployment, 0, head.number)
        headers = history.headers(rpc, range(head.number + 1))
        rpc.close()
    assert EmbeddedChain.running(home) is None and not answers(chain.url)
    time.sleep(1.1)

    with EmbeddedChain(home) as chain:
        assert chain.engine == engine
        assert chain.durable_block in (None, head.number)
        ledger.rpc = rpc = HttpRpc(chain.url)
        assert history.head(rpc) == head
        assert history.headers(rpc, range(head.number + 1)) == headers
        assert history.events(rpc, ledger.deployment, 0, head.number) == told
        assert transactions.receipt_of(rpc, receipt["transactionHash"]) == receipt
        verify(rpc, ledger.deployment)
        assert views.read(rpc, views.supply(ledger.deployment)) == sum(100 * i for i in range(1, 30))
        ledger.post(Earn(ledger.member.address, 1_000, 5, True))
        assert head.timestamp < history.head(rpc).timestamp < head.timestamp + 120
        rpc.close()


def test_the_clock_that_was_set_goes_on_after_a_restart(home: Path, engine: str) -> None:
    with EmbeddedChain(home, START, engine=engine) as chain:
        rpc = HttpRpc(chain.url)
        set_next_timestamp(rpc, START + 10**6)
        rpc.call("evm_mine", [])
        rpc.close()
    with EmbeddedChain(home) as chain:
        rpc = HttpRpc(chain.url)
        rpc.call("evm_mine", [])
        assert START + 10**6 <= history.head(rpc).timestamp < START + 10**6 + 120
        rpc.close()


def test_a_new_chain_has_the_present_unless_told(home: Path, engine: str) -> None:
    with EmbeddedChain(home, engine=engine) as chain:
        rpc = HttpRpc(chain.url)
        rpc.call("evm_mine", [])
        assert abs(history.head(rpc).timestamp - time.time()) < 60
        rpc.close()


def test_the_second_process_finds_the_same_chain(home: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    url = holder.stdout.readline().strip()

    with EmbeddedChain(home) as chain:
        assert (chain.url, chain.started) == (url, False)
        with EmbeddedChain(home) as third:
            assert third.url == url
        assert answers(url)
        holder.kill()
        holder.wait()
        time.sleep(0.5)
        assert answers(url) and EmbeddedChain.running(home) == url
    assert not answers(url)


def test_two_that_start_at_once_share_one_chain(home: Path, engine: str) -> None:
    command = [sys.executable, "-c", HOLDER, str(home), engine]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    urls = {starter.stdout.readline().strip() for starter in starters if starter.stdout is not None}
    for starter in starters:
        starter.kill()
        starter.wait()
        assert starter.stdout is not None
        starter.stdout.close()

    assert len(urls) == 1 and urls.pop().startswith("http://127.0.0.1:")
    wait_until_gone(home)


def test_a_process_killed_leaves_nothing_behind_and_loses_nothing(home: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    url = holder.stdout.readline().strip()
    rpc = HttpRpc(url)
    ledger = Ledger(rpc)
    head = history.head(rpc)
    rpc.close()

    holder.kill()
    wait_until_gone(home)

    assert not answers(url)
    with EmbeddedChain(home) as chain:
        rpc = HttpRpc(chain.url)
        assert history.head(rpc) == head
        verify(rpc, ledger.deployment)
        rpc.close()


def test_ctrl_c_in_the_terminal_is_not_for_the_chain(home: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    url = holder.stdout.readline().strip()

    with EmbeddedChain(home) as chain:
        os.killpg(holder.pid, signal.SIGINT)
        holder.wait()
        time.sleep(0.3)
        assert chain.url == url and answers(url)


def test_the_engine_dies_with_its_keeper_and_stale_files_do_not_matter(home: Path, engine: str) -> None:
    with EmbeddedChain(home, START, engine=engine) as chain:
        rpc = HttpRpc(chain.url)
        ledger = Ledger(rpc)
        durable, head = chain.durable_block, history.head(rpc)
        rpc.close()
        os.kill(int(str(process_of(home)["pid"])), signal.SIGKILL)
        wait_until_gone(home)
        give_up = time.monotonic() + 5
        while answers(chain.url):
            assert time.monotonic() < give_up
        assert (home / "chain" / "process.json").exists()
        assert chain.ensure() and not chain.ensure()

        rpc = HttpRpc(chain.url)
        assert chain.started
        if durable is None:
            assert history.head(rpc) == head
            verify(rpc, ledger.deployment)
        else:
            assert history.head(rpc).number == durable == chain.durable_block == 0
        rpc.close()


def test_a_keeper_asked_to_stop_stores_first(home: Path, engine: str) -> None:
    with EmbeddedChain(home, START, engine=engine) as chain:
        rpc = HttpRpc(chain.url)
        Ledger(rpc)
        head = history.head(rpc)
        rpc.close()
        os.kill(int(str(process_of(home)["pid"])), signal.SIGTERM)
        wait_until_gone(home)
    with EmbeddedChain(home) as chain:
        rpc = HttpRpc(chain.url)
        assert history.head(rpc) == head
        rpc.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"url": 7}'])
def test_nonsense_in_process_json_is_no_chain(home: Path, content: bytes) -> None:
    (home / "chain").mkdir(parents=True)
    (home / "chain" / "process.json").write_bytes(content)

    assert EmbeddedChain.running(home) is None


# ---- anvil


def test_a_damaged_state_is_named(home: Path) -> None:
    require_anvil()
    (home / "chain").mkdir(parents=True)
    (home / "chain" / keeper.STATE).write_bytes(b"nonsense")

    with pytest.raises(SetupError) as refused:
        EmbeddedChain(home, START)

    assert refused.value.code == "chain_unusable" and "backup" in refused.value.message
    assert EmbeddedChain.running(home) is None


def test_a_chain_of_anvil_needs_anvil(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "chain").mkdir(parents=True)
    (home / "chain" / keeper.STATE).write_bytes(b"")
    monkeypatch.setattr(embedded, "find_anvil", lambda: None)

    with pytest.raises(SetupError, match="npm ci"):
        keeper._engine(home / "chain", None, None)


def test_without_anvil_the_chain_runs_in_python(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "chain").mkdir(parents=True)
    monkeypatch.setattr(embedded, "find_anvil", lambda: None)

    engine = keeper._engine(home / "chain", None, START)

    assert engine.name == "eth-tester" and engine.durable_block is None
    engine.store()
    engine.check()
    assert answers(engine.url)
    engine.close()


def test_storing_goes_on_while_blocks_come(home: Path) -> None:
    """A stored chain is of one moment, however busy it is."""
    require_anvil()
    from coalition.chain.engine_anvil import AnvilEngine

    anvil = embedded.find_anvil()
    assert anvil is not None
    (home / "chain").mkdir(parents=True)
    engine = AnvilEngine(home / "chain", anvil, START)
    rpc = HttpRpc(engine.url)
    try:
        ledger = Ledger(rpc)
        posted = 0
        begin = time.monotonic()
        while time.monotonic() - begin < 0.5:
            posted += 1
            ledger.post(Earn(ledger.member.address, posted, 1, True))
            if posted % 10 == 0:
                engine.store()
        engine.store()
        engine.check()
        assert engine.durable_block == history.head(rpc).number
        ledger.post(Earn(ledger.member.address, posted + 1, 1))
        head = history.head(rpc)
        engine.store()
    finally:
        engine.close()
        rpc.close()
    with pytest.raises(ChainUnavailable, match="ended by itself"):
        engine.check()

    with EmbeddedChain(home) as chain:
        rpc = HttpRpc(chain.url)
        assert history.head(rpc) == head
        assert views.read(rpc, views.balance_of(ledger.deployment, ledger.member.address)) == posted + 1
        rpc.close()


def test_only_trouble_that_lasts_is_told_at_the_stop(
    home: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    class Busy:
        """An engine that cannot be stored as often as `fails` says."""

        name, url, durable_block, fails = "busy", "", 0, 0

        def store(self) -> None:
            self.fails -= 1
            if self.fails >= 0:
                raise ChainUnavailable("It went on.")

    engine = Busy()
    (home / "chain").mkdir(parents=True)
    kept = keeper.Keeper(home / "chain", engine)  # type: ignore[arg-type]
    chain = object.__new__(EmbeddedChain)
    chain._folder = home / "chain"

    def told(fails: int, stores: int) -> list[str]:
        engine.fails = fails
        for _ in range(stores):
            kept._store()
        with (home / "chain" / "keeper.log").open("a") as log:
            log.write(capfd.readouterr().err)
        caplog.clear()
        chain._warn()
        return [record.message for record in caplog.records]

    assert told(0, 2) == []
    assert told(2, 2) == ["It went on."]
    assert told(0, 1) == []
    assert told(1, 3) == []
    assert told(2, 2) == ["It went on."]


# ---- eth-tester


def test_a_line_that_a_crash_cut_off_is_dropped(home: Path) -> None:
    with EmbeddedChain(home, START, engine="eth-tester") as chain:
        rpc = HttpRpc(chain.url)
        rpc.call("evm_mine", [])
        with pytest.raises(RpcError, match="does not go back"):
            rpc.call("evm_revert", [rpc.call("evm_snapshot", [])])
        rpc.close()
    journal = home / "chain" / keeper.JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"timestamp": 17')

    with EmbeddedChain(home) as chain:
        rpc = HttpRpc(chain.url)
        assert history.head(rpc).number == 1
        rpc.close()

    assert journal.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [b"nonsense\n", b'{"format": "other", "start_timestamp": 1}\n', b"", b'{"format": "coalition chain 1"}\n'],
)
def test_a_damaged_journal_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / keeper.JOURNAL).write_bytes(content)

    with pytest.raises(SetupError):
        TesterEngine(tmp_path, START)


def test_a_journal_that_cannot_be_written_takes_the_block_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TesterEngine(tmp_path, START)
    rpc = HttpRpc(engine.url)
    ledger = Ledger(rpc)
    head, written = history.head(rpc), (tmp_path / keeper.JOURNAL).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RpcError, match="make room"):
        ledger.post(Earn(ledger.member.address, 1, 5, True))
    assert history.head(rpc) == head and (tmp_path / keeper.JOURNAL).read_bytes() == written
    monkeypatch.undo()

    ledger.post(Earn(ledger.member.address, 1, 5, True))
    assert history.head(rpc).number == head.number + 1
    rpc.close()
    engine.close()


# ---- files


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_file(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        write_file(file, b"new")

    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


def test_a_ledger_that_runs_is_not_forgotten(home: Path, engine: str) -> None:
    settings = Settings(home)
    with EmbeddedChain(home, START, engine=engine):
        with pytest.raises(SetupError) as refused:
            forget_ledger(settings)
        assert refused.value.code == "ledger_in_use" and (home / "chain").exists()
    wait_until_gone(home)

    forget_ledger(settings)
    assert not (home / "chain").exists()


def test_a_keeper_that_finds_another_leaves(home: Path, engine: str) -> None:
    with EmbeddedChain(home, START, engine=engine):
        command = [sys.executable, "-m", "coalition.chain.keeper", str(home / "chain")]
        assert subprocess.run(command, check=False).returncode == keeper.ALREADY_KEPT
        assert json.loads((home / "chain" / "process.json").read_text())["state"] == "ready"
