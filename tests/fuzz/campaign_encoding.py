"""Calls of campaigns to calldata, and their logs to events; and rules that do not answer as they should, in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coalition.ledger import campaign_events
from coalition.ledger.campaign_events import Refusal
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.engine import Unanswered
from coalition.ledger.campaigns.terms import Sponsor, Terms, encode
from coalition.ledger.events import Event
from coalition.ledger.machine import Revert
from coalition.ledger.rules.rule import Award, Happening, TakenBack
from tests.fuzz.encoding import CONVERTERS, artifact, canonical, checksummed, keccak, word, words

TEST_ARTIFACTS = Path(__file__).parents[1] / "artifacts"
NAMES = (
    "AccessManager",
    "PartnerRegistry",
    "CampaignAgreements",
    "CampaignBook",
    "TierBook",
    "BadgeBook",
    "StampRule",
)
LARGEST = (1 << 48) - 1
TERMS_HEAD = 18


def abi_of(name: str) -> list[dict[str, Any]]:
    folder = {"folder": TEST_ARTIFACTS} if name == "CampaignLedger" else {}
    entries: list[dict[str, Any]] = artifact(name, **folder)["abi"]
    return entries


ABIS = {name: abi_of(name) for name in (*NAMES, "CampaignLedger")}
SELECTORS = {
    (name, entry["name"]): keccak(canonical(entry).encode())[:4]
    for name, entries in ABIS.items()
    for entry in entries
    if entry["type"] == "function"
}
AGREEMENTS_CALLS = (calls.ListRule, calls.DelistRule, calls.Propose, calls.Amend, calls.Approve, calls.CommitSeed)


def dynamic(items: Sequence[bytes]) -> bytes:
    """An array of dynamic items."""
    offsets, offset = [], 32 * len(items)
    for item in items:
        offsets.append(offset)
        offset += len(item)
    return words(len(items), *offsets) + b"".join(items)


ENCODERS: dict[type[calls.Call], tuple[str, Callable[[Any], bytes]]] = {
    calls.ListRule: ("listRule", lambda c: words(c.rule)),
    calls.DelistRule: ("delistRule", lambda c: words(c.rule)),
    calls.Propose: ("propose", lambda c: words(32) + encode(c.terms)),
    calls.Amend: ("amend", lambda c: words(c.campaign, 64) + encode(c.terms)),
    calls.Approve: ("approve", lambda c: words(c.campaign, c.version, c.terms_hash, c.until)),
    calls.CommitSeed: ("commitSeed", lambda c: words(c.campaign, c.commitment)),
    calls.Start: ("start", lambda c: words(c.campaign, c.version, 96) + encode(c.terms)),
    calls.PauseCampaign: ("pauseCampaign", lambda c: words(c.campaign)),
    calls.ResumeCampaign: ("resumeCampaign", lambda c: words(c.campaign)),
    calls.EndCampaign: ("endCampaign", lambda c: words(c.campaign)),
    calls.Close: ("close", lambda c: words(c.campaign)),
    calls.Join: (
        "join",
        lambda c: words(c.campaign, 64) + dynamic([words(j.member, 64, len(j.proof), *j.proof) for j in c.joinings]),
    ),
    calls.Refer: ("refer", lambda c: words(c.campaign, c.member, c.referrer)),
    calls.Attest: (
        "attest",
        lambda c: (
            words(c.campaign, 64, len(c.attestations))
            + b"".join([words(a.member, a.action, a.id) for a in c.attestations])
        ),
    ),
    calls.Claim: ("claim", lambda c: words(c.campaign, 64, len(c.members), *c.members)),
    calls.RevealSeed: ("revealSeed", lambda c: words(c.campaign, c.seed)),
    calls.Draw: ("draw", lambda c: words(c.campaign, 64, len(c.members), *c.members)),
}


def calldata(call: calls.Call) -> bytes:
    """The bytes to send: to the agreements for `AGREEMENTS_CALLS`, to the book for others."""
    name, encode_ = ENCODERS[type(call)]
    contract = "CampaignAgreements" if isinstance(call, AGREEMENTS_CALLS) else "CampaignBook"
    return SELECTORS[contract, name] + encode_(call)


def terms_of(data: bytes) -> Terms:
    """Terms from the ABI's words, the other way round than `encode`."""
    values = [int.from_bytes(data[at : at + 32]) for at in range(0, len(data), 32)]

    def array(at: int, size: int = 1) -> list[int]:
        start = values[at] // 32
        return values[start + 1 : start + 1 + size * values[start]]

    pairs = array(2, 2)
    return Terms(
        rule=address(values[0]),
        rule_terms=tuple(array(1)),
        sponsors=tuple(Sponsor(*pair) for pair in zip(pairs[::2], pairs[1::2], strict=True)),
        partners=tuple(array(3)),
        budget_points=values[4],
        member_cap_points=values[5],
        opens_at=values[6],
        closes_at=values[7],
        tier_mask=values[8],
        segment=values[9].to_bytes(32),
        group=values[10],
        opt_in=bool(values[11]),
        takes_back_whole=bool(values[12]),
        draws=bool(values[13]),
        pausable=bool(values[14]),
        end_notice_seconds=values[15],
        attestor=address(values[16]),
        document=values[17].to_bytes(32),
    )


def address(value: int) -> str:
    return checksummed(value.to_bytes(20))


def _progressed(topics: list[bytes], data: bytes) -> Event:
    standing = int.from_bytes(data)
    return campaign_events.Progressed(standing >> 200, address(int.from_bytes(topics[1])), standing % (1 << 200))


def _decoder(entry: dict[str, Any]) -> Callable[[list[bytes], bytes], Event]:
    if entry["name"] == "Progressed":
        return _progressed
    make = getattr(campaign_events, entry["name"])

    def decode(topics: list[bytes], data: bytes) -> Event:
        values, topic, place = [], 1, 0
        for item in entry["inputs"]:
            if item["indexed"]:
                raw, topic = topics[topic], topic + 1
            else:
                raw, place = data[place : place + 32], place + 32
            if item["type"] == "tuple":
                values.append(terms_of(data[int.from_bytes(raw) :]))
            elif item["type"] == "uint8":
                values.append(Refusal(int.from_bytes(raw)))
            else:
                values.append(CONVERTERS.get(item["type"], int.from_bytes)(raw))
        event: Event = make(*values)
        return event

    return decode


def topic_of(entry: dict[str, Any]) -> bytes:
    return keccak(canonical(entry).encode())


DECODERS = {
    topic_of(entry): _decoder(entry)
    for name in ("CampaignAgreements", "CampaignBook")
    for entry in ABIS[name]
    if entry["type"] == "event" and entry["name"] in campaign_events.__all__
}
LEDGER_TOPICS = {topic_of(entry): entry["name"] for entry in ABIS["CampaignLedger"] if entry["type"] == "event"}


def event_of(topics: list[bytes], data: bytes) -> Event | None:
    """The event of one log; None if it is none of campaigns."""
    decode = DECODERS.get(topics[0])
    return None if decode is None else decode(topics, data)


ERRORS = {
    topic_of(entry)[:4]: (entry["name"], [CONVERTERS.get(item["type"], int.from_bytes) for item in entry["inputs"]])
    for entries in ABIS.values()
    for entry in entries
    if entry["type"] == "error"
}


def revert_of(data: bytes) -> Revert:
    """The custom error in revert data."""
    if data[:4] not in ERRORS:
        return Revert("Unknown", (data.hex(),))
    name, converters = ERRORS[data[:4]]
    return Revert(name, tuple(convert(data[4 + 32 * i : 36 + 32 * i]) for i, convert in enumerate(converters)))


GREEDY_AWARD = Award(LARGEST, LARGEST, 5)
ONES = "600019"
RETURN = "60406000f3"
BODIES = {
    "reverts": "60006000fd",
    "loops": "LOOP",
    "answers short": "60206000f3",
    "answers long": "60606000f3",
    "answers wide progress": ONES + "600052" + RETURN,
    "answers wide award": ONES + "602052" + RETURN,
    "wants everything": "602435600052" + f"6f{GREEDY_AWARD.to_word():032x}602052" + "60406000f3",
    "wants a badge": "602435600052" + f"6f{Award(0, 0, 6).to_word():032x}602052" + "60406000f3",
    "wants all for others": "602435600052" + f"6f{Award(0, 9, 0).to_word():032x}602052" + "60406000f3",
    "counts": "602435600101600052" + f"6f{Award(7, 0, 0).to_word():032x}602052" + "60406000f3",
}


@dataclass
class Hostile:
    """A rule in a few bytes, and its twin: what it does when asked, and when a purchase is taken back.

    Once its code is `changed`, it answers as before, but it is not the one that was listed.
    """

    applies: str
    takes: str
    changed: bool = False

    def code(self) -> bytes:
        """Its code: three parts behind the look at the selector."""
        check, take_back = (SELECTORS["StampRule", name].hex() for name in ("check", "takeBack"))
        head = 32
        apply_body = _body(self.applies, head)
        check_at = head + len(apply_body)
        take_at = check_at + 2
        take_body = _body(self.takes, take_at + 1)
        dispatch = f"60003560e01c8063{check}1461{check_at:04x}5763{take_back}1461{take_at:04x}57"
        runtime = bytes.fromhex(dispatch).ljust(head, b"\x5b") + apply_body + bytes.fromhex("5b00")
        return runtime + b"\x5b" + take_body + (b"\0" if self.changed else b"")

    def creation(self) -> bytes:
        """Code that creates it."""
        runtime = self.code()
        return bytes.fromhex(f"61{len(runtime):04x}80600a3d393df3") + runtime

    def check(self, terms: Sequence[int]) -> None:
        """Anything goes."""

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        return self._answer(self.applies, progress)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        return self._answer(self.takes, progress)

    def _answer(self, how: str, progress: int) -> tuple[int, Award]:
        answers = {
            "wants everything": (progress, GREEDY_AWARD),
            "wants a badge": (progress, Award(0, 0, 6)),
            "wants all for others": (progress, Award(0, 9, 0)),
            "counts": (progress + 1, Award(7, 0, 0)),
            "answers wide progress": (1 << 255, Award()),
            "answers wide award": (0, Award(1 << 200)),
        }
        if self.changed or how not in answers:
            raise Unanswered
        return answers[how]


def _body(how: str, at: int) -> bytes:
    if how == "loops":
        return bytes.fromhex(f"5b61{at:04x}56")
    return bytes.fromhex(BODIES[how])


__all__ = [
    "AGREEMENTS_CALLS",
    "BODIES",
    "LEDGER_TOPICS",
    "SELECTORS",
    "TEST_ARTIFACTS",
    "Hostile",
    "address",
    "calldata",
    "event_of",
    "revert_of",
    "word",
]
