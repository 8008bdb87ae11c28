"""What must hold after a soak, read from the chain itself and compared with what the tills were told."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import sqlalchemy as sa

from coalition.chain import history
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.errors import ChainUnavailable
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord, record_of
from coalition.submit.scheduled import State
from coalition.submit.tables import operations, scheduled_earns, transactions
from soaking.nodes import Ledger, Node, Process, wait_until
from soaking.offline import HandedIn
from soaking.tills import Asked, Load

__all__ = ["SHOWN_MAX", "Check", "judged", "settle"]

CALM_SECONDS = 300.0
LOOKED_UP_MAX = 500
SHOWN_MAX = 5
ENDS = (Kind.CAPTURE, Kind.RELEASE)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, what was found, and what contradicts it."""

    name: str
    found: str
    wrong: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if nothing contradicts it."""
        return not self.wrong


def settle(processes: Iterable[Process], nodes: Sequence[Node], outbox: sa.Engine) -> None:
    """Wait until all processes run, all nodes say that all is in order, and nothing is on its way.

    Raises:
        TimeoutError: it stays otherwise.
    """
    for process in processes:
        if process.pid is None:
            process.start()
    calm_since: list[float] = []

    def calm() -> bool:
        if any(node.checks() for node in nodes) or _left(outbox):
            calm_since.clear()
            return False
        calm_since.append(time.monotonic())
        return calm_since[-1] - calm_since[0] > 3

    try:
        wait_until(calm, CALM_SECONDS, "calm")
    except TimeoutError as error:
        checks = [node.checks() for node in nodes]
        raise TimeoutError(f"{error}: nodes say {checks}, {_left(outbox)} are left in the outbox") from None


def judged(
    ledger: Ledger,
    rpc: Rpc,
    deployment: Deployment,
    nodes: list[Node],
    load: Load,
    handed_in: Sequence[HandedIn],
    outbox: sa.Engine,
) -> Iterator[Check]:
    """Compare what was acknowledged with the chain, the nodes and the audit."""
    head = history.head(rpc).number
    told = history.events(rpc, deployment, deployment.block, head, domain_only=True)
    on_chain: dict[tuple[int, int], list[OperationRecord]] = defaultdict(list)
    for position, event in told:
        record = record_of(position, event)
        if record is not None and record.accepted:
            on_chain[record.partner, record.receipt].append(record)
    yield _acknowledged(load, on_chain)
    yield _once(on_chain)
    yield _asked_for(load, on_chain)
    yield _unacknowledged(load, on_chain, nodes[0])
    yield _pending(load, on_chain)
    yield _vouchers(handed_in, on_chain)
    yield _left_over(outbox)
    yield _nonces(rpc, [key for row in ledger.run("partner", "list")["partners"] for key in _keys(row)], head)
    yield Check(
        "no answer that should not be", f"{sum(load.statuses.values()):,} answers", tuple(load.surprises[:SHOWN_MAX])
    )
    faults = [f"{node.name}: {line}" for node in nodes for line in node.faults()]
    yield Check(
        "no fault of the program in any log", f"{sum(node.starts for node in nodes)} starts", tuple(faults[:SHOWN_MAX])
    )
    report = ledger.run("audit")
    verdict = str(report.get("verdict", report))
    yield Check("the audit matches", verdict, () if verdict == "match" else (str(report)[:2_000],))


def _key(one: Asked) -> tuple[int, int]:
    return one.partner.number, receipt_number(one.receipt)


def _of(one: Asked, on_chain: dict[tuple[int, int], list[OperationRecord]]) -> list[OperationRecord]:
    return [record for record in on_chain.get(_key(one), ()) if record.kind.name.lower() == one.kind]


def _acknowledged(load: Load, on_chain: dict[tuple[int, int], list[OperationRecord]]) -> Check:
    known = [one for one in load.asked if one.answer is not None and not one.due_at]
    wrong = []
    for one in known:
        assert one.answer is not None
        found = _of(one, on_chain)
        if len(found) != 1:
            wrong.append(f"{one.kind} {one.receipt} of partner {one.partner.number} is on chain {len(found)} times")
            continue
        (record,) = found
        same = record.points == one.answer["points"] and record.member == one.answer["member"]
        spend = one.answer.get("spend_minor", record.spend_minor), one.body.get("spend_minor", record.spend_minor)
        if not same or spend != (record.spend_minor, record.spend_minor):
            wrong.append(f"{one.kind} {one.receipt} was acknowledged with other content: {one.answer}, {record}")
    return Check("every acknowledged operation is on chain exactly once", f"{len(known):,}", tuple(wrong[:SHOWN_MAX]))


def _once(on_chain: dict[tuple[int, int], list[OperationRecord]]) -> Check:
    wrong = [
        f"partner {partner}, receipt {receipt}: {[record.kind.name for record in records]}"
        for (partner, receipt), records in on_chain.items()
        if max(Counter(record.kind in ENDS for record in records).values()) > 1
    ]
    return Check("each receipt counted once", f"{len(on_chain):,} receipts", tuple(wrong[:SHOWN_MAX]))


def _asked_for(load: Load, on_chain: dict[tuple[int, int], list[OperationRecord]]) -> Check:
    wanted: dict[tuple[int, int], list[Asked]] = defaultdict(list)
    for one in load.asked:
        wanted[_key(one)].append(one)
    wrong = []
    for key, records in on_chain.items():
        for record in records:
            asked = [one for one in wanted[key] if one.kind == record.kind.name.lower()]
            spends = [one.body.get("spend_minor", record.spend_minor) for one in asked]
            if record.spend_minor not in spends:
                wrong.append(f"{record.kind.name} {record.receipt} of partner {record.partner} was never asked for so")
    return Check(
        "nothing counted that nobody asked for", f"{sum(map(len, on_chain.values())):,}", tuple(wrong[:SHOWN_MAX])
    )


def _unacknowledged(load: Load, on_chain: dict[tuple[int, int], list[OperationRecord]], node: Node) -> Check:
    """What the service says of it is what the chain says: all of it, or nothing."""
    rivals = {id(one) for pair in load.rivals for one in pair}
    open_ = [one for one in load.asked if one.answer is None and id(one) not in rivals]
    wrong, counted = [], sum(bool(_of(one, on_chain)) for one in open_)
    with httpx.Client(base_url=node.url, timeout=30) as http:
        for one in open_[:LOOKED_UP_MAX]:
            answer = http.get(
                f"/v1/operations/{quote(one.receipt, safe='')}", headers={"Authorization": f"Bearer {one.partner.key}"}
            )
            body = answer.json()
            shown = [
                found
                for found in body.get("operations", ())
                if found["kind"] == one.kind and found["status"] == "accepted"
            ]
            waits = bool(body.get("pending"))
            if answer.status_code not in (200, 404) or waits > _is_ahead(one) or len(shown) != len(_of(one, on_chain)):
                wrong.append(
                    f"{one.kind} {one.receipt}: {answer.status_code} {answer.text[:300]}, on chain {_of(one, on_chain)}"
                )
    found = f"{len(open_):,}: {counted:,} of them counted, {len(open_) - counted:,} did not"
    return Check("nothing unacknowledged is half there", found, tuple(wrong[:SHOWN_MAX]))


def _pending(load: Load, on_chain: dict[tuple[int, int], list[OperationRecord]]) -> Check:
    """Purchases that were taken in to earn later: each counted once if it is due, and not at all before."""
    known = [one for one in load.asked if one.answer is not None and one.due_at]
    ahead = sum(map(_is_ahead, known))
    wrong = []
    for one in known:
        spends = [record.spend_minor for record in _of(one, on_chain)]
        if spends != ([] if _is_ahead(one) else [one.body["spend_minor"]]):
            wrong.append(f"{one.receipt} of partner {one.partner.number}, due at {one.due_at}: {spends} on chain")
    found = f"{len(known) - ahead:,} were due, {ahead:,} are not"
    return Check("purchases that earn later counted once, and not before", found, tuple(wrong[:SHOWN_MAX]))


def _is_ahead(one: Asked) -> bool:
    return one.due_at > time.time()


def _vouchers(handed_in: Sequence[HandedIn], on_chain: dict[tuple[int, int], list[OperationRecord]]) -> Check:
    wrong, counted = [], 0
    for one in handed_in:
        voucher = one.slip.voucher
        found = on_chain.get((one.partner.number, receipt_number(voucher.receipt)), [])
        counted += len(found)
        if not one.is_same or not len(found) == one.counted == (one.again.operation is not None):
            wrong.append(f"{voucher.receipt} of partner {one.partner.number} is on chain {len(found)} times: {one}")
    found_text = f"{len(handed_in):,}, by two routes: {counted:,} counted, {len(handed_in) - counted:,} were refused"
    return Check("each voucher counted once", found_text, tuple(wrong[:SHOWN_MAX]))


def _left(outbox: sa.Engine) -> int:
    """Operations and undecided transactions that are still in the outbox, and purchases that are due."""
    undecided = sa.select(sa.func.count()).select_from(transactions).where(transactions.c.settled_block.is_(None))
    s = scheduled_earns.c
    due = sa.select(sa.func.count()).where(s.state == int(State.WAITING), s.due_at <= int(time.time()))
    everything = sa.select(sa.func.count()).select_from(operations)
    with outbox.connect() as connection:
        return sum(int(connection.execute(one).scalar_one()) for one in (everything, undecided, due))


def _left_over(outbox: sa.Engine) -> Check:
    left = _left(outbox)
    return Check("nothing is left in the outbox", str(left), (f"{left} rows",) if left else ())


def _keys(row: dict[str, object]) -> list[str]:
    keys = row["keys"]
    assert isinstance(keys, list)
    return [key["key"] for key in keys]


def _nonces(rpc: Rpc, keys: list[str], head: int) -> Check:
    used: dict[str, list[int]] = {key.lower(): [] for key in keys}
    for start in range(0, head + 1, 100):
        calls = [("eth_getBlockByNumber", [hex(at), True]) for at in range(start, min(start + 100, head + 1))]
        for block in rpc.batch(calls):
            if isinstance(block, ChainUnavailable):
                raise block
            for sent in block["transactions"]:
                if sent["from"].lower() in used:
                    used[sent["from"].lower()].append(int(sent["nonce"], 16))
    wrong = []
    for key, nonces in used.items():
        counts = [int(rpc.call("eth_getTransactionCount", [key, tag]), 16) for tag in ("latest", "pending")]
        if sorted(nonces) != list(range(len(nonces))) or counts != [len(nonces)] * 2:
            wrong.append(f"key {key}: {len(nonces)} nonces in blocks, {counts} counted")
    return Check("no nonce gap", f"{sum(map(len, used.values())):,} transactions of {len(used)} keys", tuple(wrong))
