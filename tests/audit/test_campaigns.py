"""The audit of campaigns and tiers: it weighs every purchase again, and names what does not follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from coalition.audit.rules import ForeignRule, rule_twins
from coalition.audit.run import INVARIANTS, AuditReport, audit
from coalition.chain import campaign_views as chain
from coalition.chain import history, views
from coalition.chain.abi import selector
from coalition.chain.artifacts import artifact
from coalition.chain.tester import TesterRpc
from coalition.chain.transactions import send
from coalition.index.database import writing
from coalition.index.queries import Queries
from coalition.ledger.campaign_events import Awarded, AwardTakenBack, BadgeAwarded, CampaignStarted, Progressed
from coalition.ledger.campaigns.seams import Unanswered
from coalition.ledger.events import Earned, Event, Position
from coalition.ledger.rules.multiplier import Multiplier
from coalition.ledger.rules.rule import Happening, Occasion, TakenBack
from tests.index.campaigns import ALWAYS, DOUBLE, STAMPS, key_of, launch, reversal, story, terms_of
from tests.index.support import START, Books, followed, opened, signer

Change = Callable[[Position, Event], list[Event]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Books, Path]:
    """Books in which all of the story happened, and the file of their read model. Not to be changed: tests share them."""
    books, path = Books(TesterRpc(START)), tmp_path_factory.mktemp("story") / "index.db"
    engine = opened(path)
    story(books, engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return books, path


@pytest.fixture
def books(told: tuple[Books, Path]) -> Books:
    return told[0]


@pytest.fixture
def engine(told: tuple[Books, Path], tmp_path: Path) -> Iterator[Engine]:
    """A copy of the read model, for tampering with."""
    (tmp_path / "index.db").write_bytes(told[1].read_bytes())
    engine = opened(tmp_path / "index.db")
    yield engine
    engine.dispose()


def audited(books: Books, engine: Engine | None = None, rpc: Any = None) -> AuditReport:
    return audit(rpc or books.rpc, books.deployment, None if engine is None else Queries(engine))


def retold(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Let the chain tell other events than it did."""
    read = history.events

    def altered(*arguments: Any, **options: Any) -> list[tuple[Position, Event]]:
        return [(at, one) for at, event in read(*arguments, **options) for one in change(at, event)]

    monkeypatch.setattr(history, "events", altered)


def nth(books: Books, kind: type[Event], number: int = 0) -> tuple[Position, Any]:
    return [(at, event) for at, event in books.events() if type(event) is kind][number]


# ---- agreement


def test_all_that_campaigns_did_follows_from_the_approved_terms(books: Books, engine: Engine) -> None:
    report = audited(books, engine)

    assert report.divergences == ()
    assert report.notes == ()
    assert report.invariants == INVARIANTS
    events = [event for _, event in books.events()]
    assert report.checked["purchases and reversals weighed again"] == sum(
        type(event).__name__ in ("Earned", "Reversed") for event in events
    )
    kinds = "campaigns", "progress", "badges", "tiers", "awards", "award words"
    assert all(report.checked[f"{kind} of the read model"] > 0 for kind in kinds)
    asked = (
        "approvals",
        "attestations",
        "badges",
        "campaigns",
        "open campaigns",
        "progress",
        "referrers",
        "tiers",
        "terms",
    )
    assert all(report.checked[kind] > 0 for kind in (*asked, "reserved points", "rules"))
    assert json.loads(json.dumps(report.to_json()))["verdict"] == "match"


def test_every_invariant_of_the_audit_has_a_section() -> None:
    sections = (ROOT / "docs" / "invariants.md").read_text()

    assert [name for name in INVARIANTS if f"\n## `{name}`\n" not in sections] == []


def test_each_rule_of_the_deployment_has_its_twin(books: Books) -> None:
    assert rule_twins(books.deployment).keys() == set(books.deployment.rules.values())


# ---- what the chain tells


@pytest.mark.parametrize("field", ["points", "progress"])
def test_an_award_that_does_not_follow_is_named(books: Books, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    place, award = nth(books, Awarded, 9)
    retold(
        monkeypatch, lambda at, event: [replace(event, **{field: getattr(event, field) + 1}) if at == place else event]
    )
    report = audited(books)

    found = [one for one in report.divergences if "progress_replays" in one.what]
    assert report.verdict == "mismatch"
    assert len(found) == 1 and report.first_divergence is not None
    earned = next(at for at, event in books.events() if isinstance(event, Earned) and at > place)
    assert (found[0].block, found[0].log) == (earned.block, earned.log)
    assert f"the purchase {award.receipt} at partner {award.partner}" in found[0].what


@pytest.mark.parametrize("kind", [Progressed, AwardTakenBack, BadgeAwarded])
def test_an_event_that_was_left_out_is_missed(books: Books, monkeypatch: pytest.MonkeyPatch, kind: type[Event]) -> None:
    place, _ = nth(books, kind)
    retold(monkeypatch, lambda at, event: [] if at == place else [event])
    report = audited(books)

    assert any(
        "progress_replays" in one.what and one.block is not None and place.block <= one.block
        for one in report.divergences
    )


def test_an_award_by_terms_that_nobody_approved_is_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    place, award = nth(books, Awarded, 3)
    retold(monkeypatch, lambda at, event: [replace(event, terms_hash=b"\x01" * 32) if at == place else event])
    report = audited(books)

    (found,) = [one for one in report.divergences if "award_names_approved_terms" in one.what]
    assert (found.block, found.log) == (place.block, place.log)
    assert f"campaign {award.campaign} paid by terms that did not count" in found.what


def test_a_start_without_approval_is_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    place, started = nth(books, CampaignStarted, 1)

    def change(at: Position, event: Event) -> list[Event]:
        told = getattr(event, "terms_hash", b""), getattr(event, "partner", 0)
        return [] if told == (started.terms_hash, 2) and type(event).__name__ == "TermsApproved" else [event]

    retold(monkeypatch, change)
    report = audited(books)

    (found,) = [one for one in report.divergences if "award_names_approved_terms" in one.what]
    assert (found.block, found.log) == (place.block, place.log)
    assert "without partner 2" in found.what


def test_a_budget_that_was_exceeded_is_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    place, award = nth(books, Awarded, 2)
    retold(monkeypatch, lambda at, event: [replace(event, points=10**9) if at == place else event])
    report = audited(books)

    assert any(f"campaign_within_budget: campaign {award.campaign} paid" in one.what for one in report.divergences)


# ---- storage


class Altered:
    """A node that answers one view otherwise."""

    def __init__(self, books: Books, view: views.View[Any], word: int, since: int = 0) -> None:
        self._rpc, self._view, self._word, self._since = books.rpc, view, word, since

    def call(self, method: str, params: list[Any]) -> Any:
        return self._changed(method, params, self._rpc.call(method, params))

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        answers = self._rpc.batch(calls)
        return [self._changed(method, params, answer) for (method, params), answer in zip(calls, answers, strict=True)]

    def _changed(self, method: str, params: list[Any], answer: Any) -> Any:
        if method != "eth_call" or (params[0]["to"], params[0]["data"]) != (self._view.to, self._view.data):
            return answer
        if isinstance(params[1], str) and params[1] != "latest" and int(params[1], 16) < self._since:
            return answer
        words = [answer[at : at + 64] for at in range(2, len(answer), 64)]
        words[self._word] = f"{int(words[self._word], 16) + 1:064x}"
        return "0x" + "".join(words)


def test_a_slot_of_progress_that_differs_is_named_with_its_block(books: Books) -> None:
    member = books.members[0].address
    place, _ = [(at, event) for at, event in books.events() if getattr(event, "member", "") == member][-8]
    rpc = Altered(books, chain.progress_of(books.deployment, STAMPS, member), 0, place.block)
    found = audited(books, rpc=rpc).first_divergence

    assert found is not None
    assert found.what == f"progress of {member} in campaign {STAMPS}"
    assert found.block == place.block
    assert found.fold != found.storage


@pytest.mark.parametrize(
    ("view", "word", "what"),
    [
        (lambda books: chain.campaign_of(books.deployment, DOUBLE), 6, f"campaign {DOUBLE}"),
        (lambda books: chain.reserved_points_of(books.deployment, 2), 0, "points reserved by partner 2"),
        (lambda books: chain.tier_state_of(books.deployment, books.members[1].address), 0, "tier of"),
        (lambda books: chain.campaign_count(books.deployment), 0, "number of campaigns"),
    ],
)
def test_a_slot_that_differs_is_named(
    books: Books, view: Callable[[Books], views.View[Any]], word: int, what: str
) -> None:
    found = audited(books, rpc=Altered(books, view(books), word)).first_divergence

    assert found is not None
    assert what in found.what


# ---- the read model


@pytest.mark.parametrize(
    "change",
    [
        "points = points + 1",
        "kind = 2",
        "account = account + 1",
        "terms_hash = zeroblob(32)",
        "progress = zeroblob(24)",
    ],
)
def test_a_broken_award_row_is_named(books: Books, engine: Engine, change: str) -> None:
    rows = [(at, event) for at, event in books.events() if isinstance(event, Awarded)]
    at, event = next((at, event) for at, event in rows[4:] if event.campaign == STAMPS)
    with writing(engine) as connection:
        done = connection.exec_driver_sql(f"UPDATE awards SET {change} WHERE block = {at.block} AND log = {at.log}")
        assert done.rowcount == 1
    report = audited(books, engine)

    named = [one for one in report.divergences if one.what.startswith("an award of the read model")]
    assert report.verdict == "mismatch"
    assert [(one.block, one.log, one.transaction) for one in named] == [(at.block, at.log, at.transaction)]
    assert named[0].operation == f"partner {event.partner}, receipt {event.receipt}"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM badges WHERE given = 1", "badge of"),
        ("UPDATE campaign_members SET points = points + 1 WHERE campaign = 2", "campaign 2 in the read model"),
        ("DELETE FROM participants WHERE referrer IS NULL", "standing of"),
        ("UPDATE participants SET referrer = account WHERE referrer IS NOT NULL", "standing of"),
        ("DELETE FROM tier_states WHERE account = 1", "tier of"),
        ("DELETE FROM changes WHERE event = 'CampaignEnded'", "campaign 4 in the read model"),
        ("DELETE FROM changes WHERE event = 'CampaignProposed' AND subject = '8'", "campaign 8 in the read model"),
        ("UPDATE operations SET awards = substr(awards, 33) WHERE awards IS NOT NULL", "award words of"),
    ],
)
def test_a_broken_row_is_found(books: Books, engine: Engine, statement: str, what: str) -> None:
    with writing(engine) as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0
    report = audited(books, engine)

    assert any(what in one.what for one in report.divergences), report.to_text()


def test_an_award_that_never_happened_is_named(books: Books, engine: Engine) -> None:
    last = [at for at, event in books.events() if isinstance(event, Awarded)][-1]
    with writing(engine) as connection:
        names = "first_log, campaign, account, kind, partner, receipt, points, progress, terms_hash, other"
        connection.exec_driver_sql(
            f"INSERT INTO awards (block, log, {names}) SELECT block, 900, {names} FROM awards "
            f"WHERE block = {last.block} AND log = {last.log}"
        )
    (found,) = [one for one in audited(books, engine).divergences if one.what.startswith("an award of")]

    assert (found.block, found.log, found.fold) == (last.block, 900, "no such award")


# ---- kinds that are not ours


def test_a_foreign_rule_is_asked_on_the_chain(fresh: Books, engine_of_own: Engine) -> None:
    """The multiplier under another address: the audit has no twin for it."""
    receipt = send(fresh.rpc, signer("maker"), "", artifact("MultiplierRule").bytecode, 3_000_000)
    rule = views.from_word(f"{int(receipt['contractAddress'], 16):064x}")
    key_of(fresh, fresh.operator).list_rule(rule)
    terms = replace(terms_of(fresh, "MultiplierRule", (0, 10_000, *ALWAYS, 0)), rule=rule)
    launch(fresh, 1, terms)
    fresh.wait(600)
    fresh.earn(1, 0, 1)
    queries = Queries(engine_of_own)
    followed(engine_of_own, fresh)
    fresh.post(1, reversal(queries, 1, 2, 5_000, 1))
    followed(engine_of_own, fresh)
    asked: list[str] = []
    names = {selector("MultiplierRule", function).hex(): function for function in ("weigh", "takeBack")}

    class Counting:
        def call(self, method: str, params: list[Any]) -> Any:
            if method == "eth_call" and params[0]["to"] == rule:
                asked.append(names[params[0]["data"][2:10]])
            return fresh.rpc.call(method, params)

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            return fresh.rpc.batch(calls)

    assert audited(fresh, engine_of_own, Counting()).divergences == ()
    assert asked == ["weigh", "takeBack"]


@pytest.fixture
def fresh() -> Books:
    """Books of one's own, with nothing in them yet."""
    return Books(TesterRpc(START))


@pytest.fixture
def engine_of_own(tmp_path: Path) -> Iterator[Engine]:
    """An empty read model."""
    engine = opened(tmp_path / "own.db")
    yield engine
    engine.dispose()


def test_a_foreign_rule_answers_as_its_twin(books: Books) -> None:
    foreign = ForeignRule(books.rpc, books.deployment.rules["MultiplierRule"])
    happening = Happening(Occasion.PURCHASE, 1, books.now, 5_000, 500, 2, START, 0)
    terms = (1, 700, *ALWAYS, 0)

    assert foreign.apply(terms, 0, happening) == Multiplier().apply(terms, 0, happening)
    taken = TakenBack(5_000, 1_000, 350, False)
    assert foreign.take_back(terms, 0, happening, taken) == Multiplier().take_back(terms, 0, happening, taken)


def test_what_is_no_rule_does_not_answer(books: Books) -> None:
    happening = Happening(Occasion.PURCHASE, 1, books.now, 5_000, 500)
    for address in (signer("nobody").address, books.deployment.registry):
        with pytest.raises(Unanswered):
            ForeignRule(books.rpc, address).apply((1,), 0, happening)
