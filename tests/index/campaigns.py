"""Campaigns and tiers for `Books`: real contracts, and a story in which all that they can tell happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coalition.chain.campaigns import CampaignKey, commitment_of
from coalition.chain.keccak import keccak
from coalition.index.queries import Queries
from coalition.ledger.campaigns.calls import Attestation, Joining
from coalition.ledger.campaigns.decide_occasions import leaf_of
from coalition.ledger.campaigns.terms import Sponsor, Terms, hash_of
from coalition.ledger.chain_word import proof_for
from coalition.ledger.operations import Earn, Reverse
from coalition.ledger.tiers import Downgrade, Programme, QualifyBy, Tier
from tests.index.support import DAY, NOTICE, Books, followed, signer

ATTESTOR, ANYONE = signer("attestor"), signer("anyone")
ALWAYS = (127, 0, 1_440, 1_440)
SEEDS = {1: b"\x01" * 32, 2: b"\x02" * 32}
PROGRAMME = Programme(
    (Tier(0), Tier(1_000, 12_000), Tier(3_000, 15_000)),
    QualifyBy.POINTS,
    Downgrade.ONE_STEP,
    inactivity_days=10,
    inactivity_tiers=1,
)
STAMPS, DOUBLE, TRIPLE, REFERRAL, ACTION, SURPRISE, SMALL = range(1, 8)
BADGE = 7


def key_of(books: Books, who: Any = ANYONE) -> CampaignKey:
    """What a key may do: a partner's number, or a signer."""
    return CampaignKey(books.rpc, books.deployment, books.keys[who] if isinstance(who, int) else who)


def terms_of(books: Books, rule: str, words: tuple[int, ...], **changes: Any) -> Terms:
    """Terms of both partners, from soon on for 30 days."""
    terms = Terms(
        rule=books.deployment.rules[rule],
        rule_terms=words,
        sponsors=(Sponsor(1, 6_000), Sponsor(2, 4_000)),
        partners=(1, 2),
        budget_points=100_000,
        opens_at=books.now + 600,
        closes_at=books.now + 30 * DAY,
        attestor=ATTESTOR.address,
    )
    return replace(terms, **changes)


def propose(books: Books, campaign: int, terms: Terms, version: int = 1) -> bytes:
    """Propose (or amend) terms as partner 1; return their hash."""
    partner = key_of(books, 1)
    assert (partner.propose(terms) == campaign) if version == 1 else (partner.amend(campaign, terms) == version)
    return hash_of(books.deployment.chain_id, books.deployment.agreements, campaign, version, terms, keccak)


def launch(books: Books, campaign: int, terms: Terms, version: int = 1) -> bytes:
    """Propose, let both sponsors approve, and start; return the hash of the terms."""
    terms_hash = propose(books, campaign, terms, version)
    for partner in (1, 2):
        key_of(books, partner).approve(campaign, version, terms_hash, books.now + DAY)
        if terms.draws:
            key_of(books, partner).commit_seed(campaign, commitment_of(campaign, partner, SEEDS[partner]))
    key_of(books).start(campaign, version, terms)
    return terms_hash


def announce_tiers(books: Books, programme: Programme = PROGRAMME) -> None:
    """Let a programme of tiers begin."""
    key_of(books, books.operator).announce_programme(programme, books.now + NOTICE + 10)
    books.wait(NOTICE + 20)


def reversal(queries: Queries, partner: int, receipt: int, amount: int, original: int) -> Reverse:
    """What takes a purchase back, with what the read model knows of it."""
    found = queries.original(partner, original)
    assert found is not None
    before, later = proof_for(found.outcomes, found.position, keccak)
    return Reverse(receipt, amount, found.outcome, before, later, found.awards)


def started(books: Books) -> None:
    """Tiers, and seven campaigns that have opened: stamps with a badge, two of one group, of which the second has a segment,
    a referral, an attested action with consent, a draw, and one with a small budget and a cap."""
    first, second = (books.members[i].address for i in (0, 1))
    books.admin.enrol([first])
    announce_tiers(books)
    launch(books, STAMPS, terms_of(books, "StampRule", (3, 500, 250, 0, BADGE), takes_back_whole=True))
    launch(books, DOUBLE, terms_of(books, "MultiplierRule", (0, 10_000, *ALWAYS, 0), group=1, pausable=True))
    segment = leaf_of(first, keccak)
    launch(books, TRIPLE, terms_of(books, "MultiplierRule", (0, 20_000, *ALWAYS, 0), group=1, segment=segment))
    launch(books, REFERRAL, terms_of(books, "ReferralRule", (500, 300, 100), end_notice_seconds=5 * DAY))
    launch(books, ACTION, terms_of(books, "ActionRule", (0, 40, 2, 0, 0, 0)))
    launch(books, SURPRISE, terms_of(books, "SurpriseRule", (5_000, 100, 20, 1), draws=True))
    small = {"budget_points": 150, "member_cap_points": 120, "partners": (1,)}
    launch(books, SMALL, terms_of(books, "ThresholdRule", (1_000, 100, 1, 0), **small))
    propose(books, SMALL + 1, terms_of(books, "DividendRule", (1_000, books.now)))
    books.wait(600)
    key_of(books).join(TRIPLE, [Joining(first)])
    books.admin.enrol([second])
    key_of(books, 1).refer(REFERRAL, second, first)


def bought(books: Books) -> None:
    """Purchases of three members in batches, at both partners, with a pause between."""
    members = [key.address for key in books.members]
    books.post(1, *(Earn(members[i % 3], i, 9_000 + i, enrols=True) for i in range(1, 7)))
    books.post(2, Earn(members[0], 7, 40_001), Earn(members[0], 7, 1), Earn(members[1], 8, 20_000))
    key_of(books, 2).pause(DOUBLE)
    books.earn(1, 1, 9, 30_000)
    key_of(books, 2).resume(DOUBLE)
    said = [
        Attestation(members[0], 4, 11),
        Attestation(members[0], 4, 11),
        Attestation(signer("nobody").address, 4, 12),
    ]
    key_of(books, ATTESTOR).attest(ACTION, said)
    books.wait(DAY)
    books.post(1, *(Earn(members[i % 3], 20 + i, 8_000, enrols=True) for i in range(6)))


def taken_back(books: Books, queries: Queries, follower: Any) -> None:
    """Reversals in part and whole, of a purchase of the same block range, and after a tier was lost by time."""
    for partner, receipt, amount, original in (
        (1, 50, 4_000, 3),
        (1, 51, 9_004, 4),
        (1, 52, 5_003, 3),
        (2, 53, 40_001, 7),
    ):
        follower.catch_up()
        books.post(partner, reversal(queries, partner, receipt, amount, original))
    follower.catch_up()
    books.wait(12 * DAY)
    books.earn(1, 0, 60, 12_000)
    follower.catch_up()
    books.post(1, reversal(queries, 1, 54, 2_000, 2), reversal(queries, 1, 55, 6_000, 60))


def ended(books: Books) -> None:
    """A paid tier, a version that takes over, an early end, the end of all, the draw, and the books closed."""
    members = [key.address for key in books.members]
    key_of(books, books.operator).set_floor(members[2], 2, books.now + 5 * DAY)
    changed = terms_of(books, "StampRule", (2, 500, 333, 0, 0), opens_at=books.now + 2 * NOTICE, takes_back_whole=True)
    launch(books, STAMPS, changed, 2)
    key_of(books, 1).end(REFERRAL)
    books.wait(3 * NOTICE)
    books.post(1, *(Earn(members[i], 70 + i, 2_500) for i in range(3)))
    books.wait(20 * DAY)
    for partner, seed in SEEDS.items():
        key_of(books, partner).reveal_seed(SURPRISE, seed)
    key_of(books).draw(SURPRISE, members[:3])
    books.wait(40 * DAY)
    key_of(books).close(REFERRAL)


def story(books: Books, engine: Any) -> Queries:
    """Let everything happen, followed by `engine`."""
    queries = Queries(engine)
    started(books)
    bought(books)
    follower = followed(engine, books)
    taken_back(books, queries, follower)
    ended(books)
    follower.catch_up()
    return queries
