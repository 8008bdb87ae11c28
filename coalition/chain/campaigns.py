"""Campaigns on the chain: what the holder of one key does about them.

As in `admin`, each call asks the contract first, sends, and waits for its block; a refusal is one of `reverts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from coalition.chain import abi
from coalition.chain.addresses import from_word, is_address
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.reverts import translated
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.chain.signer import Signer
from coalition.chain.transactions import send_beside
from coalition.errors import InputError
from coalition.ledger.campaign_events import Refusal
from coalition.ledger.campaigns.calls import Attestation, Joining
from coalition.ledger.campaigns.terms import Sponsor, Terms, joined
from coalition.ledger.tiers import Programme

__all__ = ["MEMBERS_MAX", "AttestedAs", "CampaignKey", "Occasions", "commitment_of", "earned_preview", "terms_tuple"]

MEMBERS_MAX = 100
"""Members that one transaction lets join, attests, claims or draws for."""

GAS_TERMS = 12_000_000
GAS_BASE = 1_000_000
GAS_PER_MEMBER = 500_000
T = TypeVar("T")


@dataclass(slots=True)
class Occasions:
    """What became of a list of members: points paid by account, and why others were refused."""

    awarded: dict[str, int] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)

    def add(self, other: Occasions) -> None:
        """Take up what became of a further part of the list."""
        for account, points in other.awarded.items():
            self.awarded[account] = self.awarded.get(account, 0) + points
        self.refused |= other.refused


@dataclass(frozen=True, slots=True)
class AttestedAs:
    """What became of one attestation: points paid to the member, or why it was refused."""

    attestation: Attestation
    points: int = 0
    refusal: Refusal | None = None


class CampaignKey:
    """What one key may do about campaigns: a sponsor's, the operator's, an attestor's, or anybody's."""

    def __init__(self, rpc: Rpc, deployment: Deployment, signer: Signer) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._signer = signer

    # ---- agreement

    def propose(self, terms: Terms) -> int:
        """Put terms to their sponsors; return the campaign's number. For a sponsor's key."""
        receipt = self._send("CampaignAgreements", "propose", (terms_tuple(terms),), GAS_TERMS)
        return number(_only(receipt, "CampaignAgreements", "CampaignProposed")["topics"][1])

    def amend(self, campaign: int, terms: Terms) -> int:
        """Put another version of a campaign to its sponsors; return the version."""
        receipt = self._send("CampaignAgreements", "amend", (campaign, terms_tuple(terms)), GAS_TERMS)
        return number(_only(receipt, "CampaignAgreements", "CampaignProposed")["topics"][2])

    def approve(self, campaign: int, version: int, terms_hash: bytes, until: int) -> None:
        """Agree to exactly the terms of this hash, until a Unix time. For a sponsor's key."""
        self._send("CampaignAgreements", "approve", (campaign, version, terms_hash, until))

    def commit_seed(self, campaign: int, commitment: bytes) -> None:
        """Commit to a seed, see `commitment_of`. For a sponsor's key."""
        self._send("CampaignAgreements", "commitSeed", (campaign, commitment))

    # ---- life

    def start(self, campaign: int, version: int, terms: Terms) -> None:
        """Start a version that every sponsor approved. For any key."""
        self._send("CampaignBook", "start", (campaign, version, terms_tuple(terms)), GAS_TERMS)

    def pause(self, campaign: int) -> None:
        """Let nothing count until it is resumed. For a sponsor's key."""
        self._send("CampaignBook", "pauseCampaign", (campaign,))

    def resume(self, campaign: int) -> None:
        """Let purchases count again. For a sponsor's key."""
        self._send("CampaignBook", "resumeCampaign", (campaign,))

    def end(self, campaign: int) -> None:
        """End it early, after the notice of its terms. For a sponsor's key."""
        self._send("CampaignBook", "endCampaign", (campaign,))

    def close(self, campaign: int) -> None:
        """Release what is left of the budget, 30 days after the end. For any key."""
        self._send("CampaignBook", "close", (campaign,), GAS_TERMS)

    # ---- members

    def join(self, campaign: int, joinings: Sequence[Joining]) -> None:
        """Let members take part. For any key; where the terms ask for consent, for the member's own."""
        _check_addresses(*(joining.member for joining in joinings))
        for some in _parts(joinings):
            entries = [(joining.member, list(joining.proof)) for joining in some]
            self._send("CampaignBook", "join", (campaign, entries), _gas_for(some))

    def refer(self, campaign: int, member: str, referrer: str) -> None:
        """Say who referred a new member. For a partner's key."""
        _check_addresses(member, referrer)
        self._send("CampaignBook", "refer", (campaign, member, referrer))

    def attest(self, campaign: int, attestations: Sequence[Attestation]) -> list[AttestedAs]:
        """Say what members did; return what became of each, in their order. For the attestor of the terms."""
        _check_addresses(*(one.member for one in attestations))
        found: list[AttestedAs] = []
        for some in _parts(attestations):
            entries = [(one.member, one.action, one.id) for one in some]
            found += _attested(self._send("CampaignBook", "attest", (campaign, entries), _gas_for(some)), some)
        return found

    def claim(self, campaign: int, members: Sequence[str]) -> Occasions:
        """Ask for what the terms promise these members. For any key."""
        return self._ask("claim", campaign, members)

    def draw(self, campaign: int, members: Sequence[str]) -> Occasions:
        """Draw for these members. For any key."""
        return self._ask("draw", campaign, members)

    def reveal_seed(self, campaign: int, seed: bytes) -> None:
        """Show the seed to which this sponsor committed, in the seven days after the end."""
        self._send("CampaignBook", "revealSeed", (campaign, seed))

    # ---- operator

    def list_rule(self, rule: str) -> None:
        """Allow a kind of campaign."""
        _check_addresses(rule)
        self._send("CampaignAgreements", "listRule", (rule,))

    def delist_rule(self, rule: str) -> None:
        """Allow a kind no longer; what runs goes on."""
        _check_addresses(rule)
        self._send("CampaignAgreements", "delistRule", (rule,))

    def announce_programme(self, programme: Programme, effective_from: int) -> int:
        """Announce tiers that count from a Unix time; return the programme's version."""
        args = (_programme_tuple(programme), effective_from)
        receipt = self._send("TierBook", "announceProgramme", args)
        return number(_only(receipt, "TierBook", "ProgrammeAnnounced")["topics"][1])

    def set_floor(self, member: str, tier: int, until: int) -> None:
        """Give a member a paid tier until a Unix time; tier 0 ends it."""
        _check_addresses(member)
        self._send("TierBook", "setFloor", (member, tier, until))

    def define_badge(self, badge: int, uri: str) -> None:
        """Say where the metadata of a badge are."""
        self._send("BadgeBook", "defineBadge", (badge, uri))

    def _ask(self, function: str, campaign: int, members: Sequence[str]) -> Occasions:
        _check_addresses(*members)
        found = Occasions()
        for some in _parts(members):
            found.add(_occasions(self._send("CampaignBook", function, (campaign, list(some)), _gas_for(some))))
        return found

    def _send(self, contract: str, function: str, args: tuple[Any, ...], gas: int = GAS_BASE) -> dict[str, Any]:
        data = abi.encode_call(contract, function, args)
        return send_beside(self._rpc, self._signer, self._deployment.contracts[contract], data, gas)


def commitment_of(campaign: int, partner: int, seed: bytes) -> bytes:
    """Return what a sponsor commits to before it shows `seed`, 32 bytes."""
    return keccak(joined((campaign, partner, int.from_bytes(seed))))


def earned_preview(
    rpc: Rpc,
    deployment: Deployment,
    partner: int,
    member: str,
    spend_minor: int,
    points: int,
    member_since: int,
    block: int,
) -> int:
    """Return what tiers and campaigns would award the member on top of `points`, as of a block. Nothing is sent.

    The campaign book answers as if the ledger asked; receipt 0 stands for the purchase, which no rule looks at.
    """

    def asked(function: str, *args: object) -> int:
        question = {
            "from": deployment.ledger,
            "to": deployment.campaign_book,
            "data": "0x" + abi.encode_call("CampaignBook", function, args).hex(),
        }
        try:
            answer = rpc.call("eth_call", [question, hex(block)])
        except RpcError as error:
            raise translated(error) from None
        found: int = abi.decode_result("CampaignBook", function, bytes.fromhex(answer[2:]))[0]
        return found

    briefing = asked("briefingFor", partner)
    return asked("earned", partner, member, 0, spend_minor, member_since, points, briefing) if briefing else 0


def terms_tuple(terms: Terms) -> tuple[Any, ...]:
    """Return terms as the ABI has them."""
    return (
        terms.rule,
        list(terms.rule_terms),
        [_sponsor(one) for one in terms.sponsors],
        list(terms.partners),
        terms.budget_points,
        terms.member_cap_points,
        terms.opens_at,
        terms.closes_at,
        terms.tier_mask,
        terms.segment,
        terms.group,
        terms.opt_in,
        terms.takes_back_whole,
        terms.draws,
        terms.pausable,
        terms.end_notice_seconds,
        terms.attestor,
        terms.document,
    )


def _sponsor(sponsor: Sponsor) -> tuple[int, int]:
    return sponsor.partner, sponsor.share_bps


def _programme_tuple(programme: Programme) -> tuple[Any, ...]:
    return (
        int(programme.qualify_by),
        int(programme.downgrade),
        programme.soft_landing_days,
        programme.inactivity_days,
        programme.inactivity_tiers,
        [(tier.threshold, tier.multiplier_bps) for tier in programme.tiers],
    )


def _occasions(receipt: Mapping[str, Any]) -> Occasions:
    found = Occasions()
    for log in _told(receipt, "CampaignBook", "Awarded"):
        found.add(Occasions({from_word(log["topics"][2]): _points_of(log)}))
    for log in _told(receipt, "CampaignBook", "OccasionRefused"):
        found.refused[from_word(log["topics"][2])] = _reason_of(log)
    return found


def _attested(receipt: Mapping[str, Any], attestations: Sequence[Attestation]) -> list[AttestedAs]:
    """The contract tells of each in order: that it counted, after what it paid, or that it was refused."""
    awarded, counted, refused = (
        abi.topic("CampaignBook", event) for event in ("Awarded", "Attested", "OccasionRefused")
    )
    waiting, points, found = iter(attestations), 0, []
    for log in receipt["logs"]:
        if log["topics"][0] == awarded:
            points = _points_of(log)
        elif log["topics"][0] == counted:
            found.append(AttestedAs(next(waiting), points))
            points = 0
        elif log["topics"][0] == refused:
            found.append(AttestedAs(next(waiting), refusal=_reason_of(log)))
    return found


def _points_of(log: Mapping[str, Any]) -> int:
    """The points of `Awarded`, which stand after the hash of the terms, the partner and the receipt."""
    return int(log["data"][2 + 64 * 3 : 2 + 64 * 4], 16)


def _reason_of(log: Mapping[str, Any]) -> Refusal:
    return Refusal(int(log["data"][2 + 64 : 2 + 64 * 2], 16))


def _told(receipt: Mapping[str, Any], contract: str, event: str) -> list[Mapping[str, Any]]:
    return [log for log in receipt["logs"] if log["topics"][0] == abi.topic(contract, event)]


def _only(receipt: Mapping[str, Any], contract: str, event: str) -> Mapping[str, Any]:
    (log,) = _told(receipt, contract, event)
    return log


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts of a list that one transaction takes."""
    for start in range(0, len(items), MEMBERS_MAX):
        yield items[start : start + MEMBERS_MAX]


def _gas_for(items: Sequence[Any]) -> int:
    return GAS_BASE + GAS_PER_MEMBER * len(items)


def _check_addresses(*addresses: str) -> None:
    for address in addresses:
        if not is_address(address):
            raise InputError(
                f"{address!r} is no address. Give 0x and 40 hexadecimal digits, as copied (EIP-55).",
                code="address_invalid",
            )
