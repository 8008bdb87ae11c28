"""The well-known programmes in `examples/programmes/`: every file checks, and each folder has its story, told to the end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coalition.campaigns.check import check
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.diff import changes
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.rule_twins import rule_of
from coalition.campaigns.tier_file import TierFile, check_tiers
from coalition.campaigns.trial import Told, Trial
from coalition.chain.keccak import keccak
from coalition.errors import InputError
from coalition.ledger.campaign_events import AwardOutdone, BadgeAwarded, OccasionRefused, Refusal
from coalition.ledger.campaigns import calls
from coalition.ledger.rules.local_time import DAY_SECONDS
from tests.campaigns.files import RULE, account

PROGRAMMES = Path(__file__).resolve().parents[2] / "examples" / "programmes"
FOLDERS = sorted(folder for folder in PROGRAMMES.iterdir() if folder.is_dir())
FILES = sorted(file for file in PROGRAMMES.rglob("*.yaml") if file.name != "tiers.yaml")
PARTNERS = {
    "dining-levels": "airline bao bistro curry dumpling grill noodle",
    "miles-and-fuel": "airline fuel grocery pharmacy",
    "stars": "coffee",
    "three-tiers": "beauty",
    "paid-membership": "market",
    "early-access": "shoes outdoor",
    "yearly-dividend": "coop",
    "daily-cash": "store cafe grocery",
    "invitation": "rides",
    "reviewers": "travel",
    "spend-at-once": "flights hotels",
    "lessons-and-workouts": "lender gym",
}
WRITTEN_ON = int(datetime(2029, 11, 1, tzinfo=UTC).timestamp())
ANA, BEN, CARLA = account(0xA11), account(0xBE1), account(0xCA1)


def tiers_of(folder: Path) -> TierFile | None:
    path = folder / "tiers.yaml"
    if not path.exists():
        return None
    checked = check_tiers(path, now=WRITTEN_ON)
    assert [str(finding) for finding in checked.findings] == []
    return checked.tiers


def context_of(folder: Path) -> Context:
    numbers = {name: number for number, name in enumerate(PARTNERS[folder.name].split(), 1)}
    tiers = tiers_of(folder)
    return Context(numbers, keccak, tiers.tier_names if tiers else (), WRITTEN_ON)


def campaign_of(file: Path) -> Campaign:
    checked = check(file, context_of(file.parent))
    assert [str(finding) for finding in checked.findings] == []
    assert checked.campaign is not None
    return checked.campaign


class Story:
    """The campaigns of a folder, by the names of their files, and what members do. Times are texts in UTC."""

    def __init__(self, name: str, *files: str) -> None:
        folder = PROGRAMMES / name
        assert {file.stem for file in folder.glob("*.yaml")} - {"tiers"} == set(files)
        self.partners = context_of(folder).partners
        self.numbers = {file: number for number, file in enumerate(files, 1)}
        self.trial = Trial([campaign_of(folder / f"{file}.yaml") for file in files], keccak, tiers_of(folder))
        self._receipts = itertools.count(1)

    def enrols(self, member: str, when: str) -> None:
        self.trial.enrol(member, at(when))

    def buys(self, member: str, when: str, partner: str, spend_minor: int, points: int | None = None) -> Told:
        base = spend_minor // 100 if points is None else points
        return self.trial.purchase(at(when), self.partners[partner], member, next(self._receipts), spend_minor, base)

    def returns(self, member: str, when: str, bought: Told, partner: str, spend_minor: int, left_minor: int = 0) -> int:
        base = spend_minor // 100
        back = self.trial.take_back(
            at(when), bought, self.partners[partner], member, 1, spend_minor, base, spend_after=left_minor
        )
        return back.points

    def attested(self, file: str, member: str, when: str, action: int, number: int | None = None) -> Told:
        said = next(self._receipts) if number is None else number
        return self.trial.attest(at(when), self.numbers[file], member, action, said)

    def claims(self, file: str, member: str, when: str) -> Told:
        return self.trial.claim(at(when), self.numbers[file], member)

    def paid(self, file: str) -> int:
        """Points that a campaign has paid, less those taken back."""
        return self.trial.engine.state.campaigns[self.numbers[file]].paid


def at(when: str) -> int:
    return int(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp())


def badges(told: Told) -> list[int]:
    return [event.badge for event in told.events if isinstance(event, BadgeAwarded)]


def refusals(told: Told) -> list[Refusal]:
    return [event.reason for event in told.events if isinstance(event, OccasionRefused)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_file_checks_and_compiles(file: Path) -> None:
    campaign, context = campaign_of(file), context_of(file.parent)

    terms = compile_terms(campaign, RULE, keccak)

    rule_of(campaign.kind, keccak).check(terms.rule_terms)
    assert terms.document == keccak(file.read_bytes())
    raised = replace(campaign, budget_points=campaign.budget_points + 1)
    assert changes(campaign, campaign, context) == ()
    assert [change.field for change in changes(campaign, raised, context)] == ["budget"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_has_its_page_and_its_story(folder: Path) -> None:
    page = (folder / "README.md").read_text()
    index = (PROGRAMMES / "README.md").read_text()

    assert [file.name for file in folder.glob("*.yaml") if f"`{file.name}`" not in page] == []
    assert f"]({folder.name}/README.md)" in index
    assert f'Story("{folder.name}"' in Path(__file__).read_text()


def test_dining_levels() -> None:
    story = Story("dining-levels", "challenge")

    assert story.buys(ANA, "2030-03-01T19:00", "bao", 1_999).points == 0
    assert story.buys(ANA, "2030-03-01T20:00", "bao", 2_000).points == 200
    assert story.buys(ANA, "2030-03-02T19:00", "bao", 2_000).points == 0
    assert story.buys(ANA, "2030-03-03T19:00", "bistro", 2_500).points == 0
    assert story.buys(ANA, "2030-03-04T19:00", "bistro", 2_500).points == 0
    third = story.buys(ANA, "2030-03-05T19:00", "curry", 2_000)
    assert (third.points, badges(third)) == (500, [1])

    assert story.buys(ANA, "2030-04-01T19:00", "grill", 20_000).points == 0
    feast = story.buys(ANA, "2030-04-08T19:00", "grill", 10_000)
    assert feast.points == 1_500
    assert story.returns(ANA, "2030-04-09T12:00", feast, "grill", 10_000, left_minor=9_000) == 1_500
    assert story.buys(ANA, "2030-04-10T19:00", "noodle", 1_000).points == 1_500

    for restaurant in ["bao", "bistro", "curry", "dumpling"]:
        assert story.buys(ANA, "2030-05-01T19:00", restaurant, 2_000).points == 0
    last = story.buys(ANA, "2030-05-31T23:59", "grill", 2_000)
    assert (last.points, badges(last)) == (3_000, [2])
    assert story.buys(BEN, "2030-06-01T00:00", "bao", 2_000).points == 0
    assert story.paid("challenge") == 5_200


def test_miles_and_fuel() -> None:
    story = Story("miles-and-fuel", "fuel-tuesday", "fuel-evening", "round-trip")

    assert story.buys(ANA, "2030-01-08T17:00", "fuel", 4_000).points == 80  # a Tuesday noon at UTC-5
    assert story.buys(ANA, "2030-01-10T00:00", "fuel", 4_000).points == 40  # a Wednesday, seven in the evening
    both = story.buys(ANA, "2030-01-16T00:30", "fuel", 4_000)  # a Tuesday evening: the better of the two
    assert both.points == 80
    assert [event.points for event in both.events if isinstance(event, AwardOutdone)] == [40]
    assert story.buys(ANA, "2030-01-17T12:00", "fuel", 4_000).points == 0

    assert story.buys(BEN, "2030-02-04T12:00", "grocery", 1_000).points == 0
    assert story.buys(BEN, "2030-02-04T13:00", "airline", 50_000).points == 0
    assert story.buys(BEN, "2030-02-06T12:00", "pharmacy", 1_000).points == 0
    trip = story.buys(BEN, "2030-02-07T12:00", "fuel", 1_000)
    assert trip.points == 500
    assert story.returns(BEN, "2030-02-08T12:00", trip, "fuel", 1_000, left_minor=999) == 500
    assert story.paid("round-trip") == 0

    assert story.buys(CARLA, "2030-03-04T12:00", "grocery", 1_000).points == 0
    assert story.buys(CARLA, "2030-03-06T12:00", "pharmacy", 1_000).points == 0
    assert story.buys(CARLA, "2030-03-11T12:00", "fuel", 1_000).points == 0  # the week is over


def test_stars() -> None:
    story = Story("stars", "stars", "free-item", "birthday-drink")
    story.enrols(ANA, "2029-06-01T00:00")

    visits = [story.buys(ANA, f"2030-01-{day:02d}T08:00", "coffee", 450, 0) for day in range(1, 11)]
    assert [visit.points for visit in visits] == [9] * 9 + [9 + 150]
    assert story.buys(ANA, "2030-01-11T08:00", "coffee", 299, 0).points == 5  # too small for a stamp

    assert story.attested("birthday-drink", ANA, "2030-02-14T00:00", 1).points == 150
    assert story.attested("birthday-drink", ANA, "2030-02-15T00:00", 1).points == 0
    assert story.attested("birthday-drink", BEN, "2030-02-15T00:00", 1).points == 0  # no member
    assert story.attested("birthday-drink", ANA, "2030-06-02T00:00", 1).points == 150  # the next membership year
    assert story.returns(ANA, "2030-01-12T08:00", visits[9], "coffee", 450) == 9 + 150


def test_three_tiers() -> None:
    story = Story("three-tiers", "rouge-week")
    story.enrols(ANA, "2030-01-01T00:00")

    assert story.buys(ANA, "2030-02-01T12:00", "beauty", 35_000).points == 0
    assert story.trial.tier_of(ANA, at("2030-02-01T12:01")) == 1
    assert story.buys(ANA, "2030-03-01T12:00", "beauty", 65_000).points == 650 * 25 // 100
    assert story.trial.tier_of(ANA, at("2030-03-01T12:01")) == 2

    week = story.buys(ANA, "2030-11-04T00:00", "beauty", 10_000)
    assert week.points == 50 + 2_000  # half as much again by the tier, and a fifth of the spend
    assert story.buys(BEN, "2030-11-05T12:00", "beauty", 10_000).points == 0
    assert story.buys(ANA, "2030-11-11T00:00", "beauty", 10_000).points == 50

    assert story.trial.tier_of(ANA, at("2031-01-01T00:00")) == 2  # what 1,200.00 in the first year deserve
    assert story.buys(ANA, "2031-12-31T23:59", "beauty", 40_000).points == 200
    assert story.trial.tier_of(ANA, at("2032-01-01T00:00")) == 1  # what 400.00 in the second year deserve
    assert story.buys(ANA, "2032-01-02T12:00", "beauty", 10_000).points == 25


def test_paid_membership() -> None:
    story = Story("paid-membership", "prime-cash-back")
    story.enrols(ANA, "2030-01-01T00:00")

    assert story.buys(ANA, "2030-02-01T12:00", "market", 900_000_00).points == 0
    assert story.trial.tier_of(ANA, at("2030-02-02T12:00")) == 0  # no spend reaches it
    story.trial.pay_for_tier(ANA, 1, at("2031-03-01T00:00"))
    assert story.buys(ANA, "2030-03-01T12:00", "market", 2_000).points == 100
    assert story.buys(BEN, "2030-03-01T12:00", "market", 2_000).points == 0
    assert story.buys(ANA, "2031-02-28T23:59", "market", 2_000).points == 100
    assert story.buys(ANA, "2031-03-01T00:00", "market", 2_000).points == 0
    assert story.paid("prime-cash-back") == 200


def test_early_access() -> None:
    story = Story("early-access", "early-access", "bonus-days", "check-in")
    story.enrols(ANA, "2030-01-01T00:00")
    story.enrols(BEN, "2030-01-01T00:00")
    assert story.buys(ANA, "2030-02-01T12:00", "shoes", 200_000).points == 0

    assert story.buys(ANA, "2030-09-11T23:59", "shoes", 5_000).points == 0
    assert story.buys(ANA, "2030-09-12T00:00", "shoes", 5_000).points == 50
    assert story.buys(BEN, "2030-09-13T12:00", "shoes", 5_000).points == 0
    for member in (ANA, BEN):
        assert story.buys(member, "2030-09-14T12:00", "outdoor", 5_000).points == 50
        assert story.buys(member, "2030-09-16T12:00", "outdoor", 5_000).points == 0

    assert story.attested("check-in", BEN, "2030-01-10T12:00", 1).points == 100
    assert story.attested("check-in", BEN, "2030-01-16T12:00", 1).points == 0
    assert story.attested("check-in", BEN, "2030-01-17T00:00", 1).points == 100
    soft = story.trial.tier_of(ANA, at("2031-02-28T00:00")), story.trial.tier_of(ANA, at("2032-03-05T00:00"))
    assert soft == (1, 0)


def test_yearly_dividend() -> None:
    story = Story("yearly-dividend", "dividend")

    assert story.buys(ANA, "2030-01-01T00:00", "coop", 120_055).points == 0
    tent = story.buys(ANA, "2030-12-31T23:59", "coop", 40_000)
    lamp = story.buys(ANA, "2030-07-01T12:00", "coop", 5_000)
    assert story.returns(ANA, "2030-07-09T12:00", lamp, "coop", 5_000) == 0
    assert story.buys(ANA, "2031-01-01T00:00", "coop", 99_000).points == 0

    assert story.claims("dividend", ANA, "2031-01-14T23:59").points == 0
    assert story.claims("dividend", ANA, "2031-01-15T00:00").points == 16_005
    assert story.claims("dividend", ANA, "2031-01-16T00:00").points == 0
    assert story.returns(ANA, "2031-01-20T12:00", tent, "coop", 40_000, left_minor=30_000) == 1_000
    assert story.paid("dividend") == 15_005
    with pytest.raises(InputError, match="CampaignOver"):
        story.claims("dividend", BEN, "2031-01-31T00:00")


def test_daily_cash() -> None:
    story = Story("daily-cash", "everywhere", "by-phone", "own-store")

    assert story.buys(ANA, "2030-01-01T12:00", "grocery", 9_999).points == 99
    assert story.buys(ANA, "2030-01-01T12:00", "cafe", 450).points == 9
    laptop = story.buys(ANA, "2030-01-01T12:00", "store", 199_900)
    assert laptop.points == 5_997
    assert [event.points for event in laptop.events if isinstance(event, AwardOutdone)] == [1_999, 3_998]
    assert story.returns(ANA, "2030-01-09T12:00", laptop, "store", 199_900, left_minor=99_900) == 3_000
    assert (story.paid("everywhere"), story.paid("by-phone"), story.paid("own-store")) == (99, 9, 2_997)


def test_invitation() -> None:
    story = Story("invitation", "invite")
    invite = story.numbers["invite"]
    story.enrols(ANA, "2029-12-01T00:00")
    story.enrols(BEN, "2030-02-01T00:00")
    story.enrols(CARLA, "2030-02-02T00:00")

    for member, referrer in [(ANA, ANA), (ANA, BEN), (BEN, BEN), (BEN, CARLA)]:
        with pytest.raises(InputError, match="ReferralRefused"):
            story.trial.refer(at("2030-02-03T00:00"), invite, member, referrer)
    story.trial.refer(at("2030-02-03T00:00"), invite, BEN, ANA)
    with pytest.raises(InputError, match="ReferralRefused"):
        story.trial.refer(at("2030-02-03T00:00"), invite, BEN, ANA)

    assert story.buys(CARLA, "2030-02-04T12:00", "rides", 1_500).points == 0  # nobody invited her
    assert story.buys(BEN, "2030-02-04T12:00", "rides", 999).points == 0
    ride = story.buys(BEN, "2030-02-05T12:00", "rides", 1_000)
    assert ride.points == 500
    assert story.paid("invite") == 1_000  # the other half is Ana's
    assert story.buys(BEN, "2030-02-06T12:00", "rides", 1_000).points == 0
    assert story.returns(BEN, "2030-02-07T12:00", ride, "rides", 1_000) == 500
    assert story.paid("invite") == 0


def test_reviewers() -> None:
    story = Story("reviewers", "ranks", "restaurants", "hotels")
    story.enrols(ANA, "2029-12-01T00:00")

    ranks = [badges(story.attested("ranks", ANA, "2030-01-05T12:00", 1 + number % 2)) for number in range(50)]
    assert {number: told for number, told in enumerate(ranks, 1) if told} == {
        1: [1],
        3: [2],
        6: [3],
        11: [4],
        21: [5],
        50: [6],
    }
    assert story.paid("ranks") == 1_000

    meals = [story.attested("restaurants", ANA, "2030-01-05T12:00", 1) for _ in range(6)]
    assert [meal.points for meal in meals] == [10, 10, 10, 10, 10, 0]
    assert [badges(meal) for meal in meals] == [[], [], [11], [], [], []]
    assert story.attested("restaurants", ANA, "2030-01-06T00:00", 2).points == 0  # that was a hotel
    assert story.attested("restaurants", ANA, "2030-01-06T00:00", 1, number=7_001).points == 10
    again = story.attested("restaurants", ANA, "2030-01-06T00:00", 1, number=7_001)
    assert (again.points, refusals(again)) == (0, [Refusal.ID_USED])
    assert story.attested("hotels", ANA, "2030-01-06T00:00", 2).points == 20


def test_spend_at_once() -> None:
    story = Story("spend-at-once", "flights", "hotels")

    flight = story.buys(ANA, "2030-05-01T12:00", "flights", 45_000, 0)
    assert flight.points == 450  # of the purchase itself: no claim, no waiting
    assert story.buys(ANA, "2030-05-01T12:00", "hotels", 20_000, 0).points == 1_000
    assert story.returns(ANA, "2030-05-02T12:00", flight, "flights", 45_000) == 450
    assert story.paid("flights") == 0


def test_lessons_and_workouts() -> None:
    story = Story("lessons-and-workouts", "course", "workouts")
    story.enrols(ANA, "2029-12-01T00:00")

    lessons = [story.attested("course", ANA, "2030-02-01T12:00", 1) for _ in range(10)]
    assert [lesson.points for lesson in lessons] == [0, 50, 0, 0, 100, 0, 0, 0, 200, 0]
    assert badges(lessons[8]) == [1]
    assert story.attested("course", ANA, "2030-02-01T12:00", 2).points == 0

    start = at("2030-03-01T07:00")
    days = [
        story.trial.attest(start + day * DAY_SECONDS, story.numbers["workouts"], ANA, 2, 9_000 + day)
        for day in range(21)
    ]
    assert [day.points for day in days] == [10] * 21
    assert [number for number, day in enumerate(days, 1) if badges(day)] == [20]
    assert story.attested("workouts", ANA, "2030-03-21T23:00", 2).points == 0  # the second one that day
    said_by_herself = calls.Attest(story.numbers["workouts"], (calls.Attestation(ANA, 2, 1),))
    with pytest.raises(InputError, match="AttestorInvalid"):
        story.trial.call(at("2030-04-01T07:00"), ANA, said_by_herself)
