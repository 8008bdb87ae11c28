"""The well-known programmes in `examples/programmes/`: every file checks, and each folder has its story, told on a chain.

The numbers are reckoned from the pages of the programmes. Members get a base point for each 1.00, unless the page says otherwise.
Points live for what is left of their epoch and three more; epochs have 91 days, from 2029-05-01.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coalition.campaigns.compile import compile_terms
from coalition.campaigns.diff import changes
from coalition.chain.keccak import keccak
from coalition.errors import AccessDenied, Refused
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.ledger.campaign_events import AwardCut, AwardOutdone, Refusal
from coalition.ledger.rules.twins import rule_of
from tests.campaigns.files import RULE
from tests.campaigns.programmes import FILES, FOLDERS, PROGRAMMES, WRITTEN_ON, campaign_of, context_of
from tests.campaigns.story import Ground, Story, signer, story_of
from tests.index.support import opened

Tell = Callable[..., Story]
ANA, BEN, CARLA = signer("Ana"), signer("Ben"), signer("Carla")
PAGE_LINES = 60


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground()


@pytest.fixture
def tell(ground: Ground, tmp_path: Path) -> Iterator[Tell]:
    """Begins a story; at its end all of it is proven, and undone."""
    rpc, engine = ground.rpc, opened(tmp_path / "index.db")
    before = rpc.call("evm_snapshot", [])
    rpc.go_on_from(WRITTEN_ON)
    follower, stories = Follower(engine, rpc, ground.deployment), list[Story]()

    def told(name: str, *files: str) -> Story:
        stories.append(story_of(ground, Queries(engine), follower, tmp_path, name, *files))
        return stories[-1]

    yield told
    try:
        for story in stories:
            story.proven()
    finally:
        engine.dispose()
        rpc.call("evm_revert", [before])


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
    files = [file for file in folder.iterdir() if file.name != "README.md"]

    assert page.splitlines()[2].startswith("Imitates ")
    assert [file.name for file in files if f"`{file.name}`" not in page] == []
    assert [file.name for file in folder.iterdir() if len(file.read_text().splitlines()) > PAGE_LINES] == []
    assert f"]({folder.name}/README.md)" in index
    assert f'tell("{folder.name}"' in Path(__file__).read_text()


def test_dining_levels(tell: Tell) -> None:
    story = tell("dining-levels", "challenge")

    assert story.buys(ANA, "2030-03-01T19:00", "bao", 1_999).awarded == 0
    assert story.buys(ANA, "2030-03-01T20:00", "bao", 2_000).awarded == 200
    assert story.buys(ANA, "2030-03-02T19:00", "bao", 2_000).awarded == 0
    assert story.buys(ANA, "2030-03-03T19:00", "bistro", 2_500).awarded == 0
    assert story.buys(ANA, "2030-03-04T19:00", "bistro", 2_500).awarded == 0
    assert story.standing("challenge", ANA) == (2, 3, 1)  # two restaurants of three, one level passed
    third = story.buys(ANA, "2030-03-05T19:00", "curry", 2_000)
    assert (third.awarded, third.badges) == (500, [1])
    assert story.balance(ANA) == (19 + 20 + 20 + 25 + 25 + 20) + (200 + 500)

    dinner = story.buys(BEN, "2030-03-10T19:00", "bao", 3_000)
    assert dinner.awarded == 200
    assert story.buys(BEN, "2030-03-11T19:00", "curry", 2_000).awarded == 0
    assert story.returns("2030-03-12T12:00", dinner).awarded == 200  # the first level falls
    assert story.balance(BEN) == 20
    assert (
        story.buys(BEN, "2030-03-13T19:00", "grill", 2_000).awarded == 200
    )  # made up; it does not count for the second
    assert story.standing("challenge", BEN) == (1, 3, 1)
    assert story.balance(BEN) == 20 + 20 + 200

    assert story.buys(ANA, "2030-04-01T19:00", "grill", 20_000).awarded == 0
    assert story.standing("challenge", ANA) == (20_000, 30_000, 2)
    feast = story.buys(ANA, "2030-04-08T19:00", "grill", 10_000)
    assert feast.awarded == 1_500
    assert story.returns("2030-04-09T12:00", feast, left_minor=9_000).awarded == 1_500
    assert story.balance(ANA) == 829 + 200 + (100 - 10)
    assert story.buys(ANA, "2030-04-10T19:00", "noodle", 1_000).awarded == 1_500
    assert story.balance(ANA) == 1_119 + 10 + 1_500

    for restaurant in ["bao", "bistro", "curry", "dumpling"]:
        assert story.buys(ANA, "2030-05-01T19:00", restaurant, 2_000).awarded == 0
    assert story.standing("challenge", ANA) == (4, 5, 3)
    last = story.buys(ANA, "2030-05-31T23:59", "grill", 2_000)
    assert (last.awarded, last.badges) == (3_000, [2])
    assert story.buys(BEN, "2030-06-01T00:00", "bistro", 2_000).awarded == 0  # it is over
    assert (story.badges(ANA), story.badges(BEN)) == ([1, 2], [])
    assert story.balance(ANA) == 2_629 + 5 * 20 + 3_000
    assert story.balance(BEN) == 260
    assert story.paid("challenge") == 5_200 + 200
    assert story.closes("challenge", "2030-07-01T00:00") == 2_000_000 - 5_400


def test_miles_and_fuel(tell: Tell) -> None:
    story = tell("miles-and-fuel", "fuel-tuesday", "fuel-evening", "round-trip")

    assert story.buys(ANA, "2030-01-08T17:00", "fuel", 4_000).awarded == 80  # a Tuesday noon at UTC-5
    assert story.buys(ANA, "2030-01-10T00:00", "fuel", 4_000).awarded == 40  # a Wednesday, seven in the evening
    both = story.buys(ANA, "2030-01-16T00:30", "fuel", 4_000)  # a Tuesday evening: the better of the two
    assert both.awarded == 80
    assert [event.points for event in both.of(AwardOutdone)] == [40]
    assert story.buys(ANA, "2030-01-17T12:00", "fuel", 4_000).awarded == 0
    assert story.balance(ANA) == 4 * 40 + 80 + 40 + 80
    assert (story.paid("fuel-tuesday"), story.paid("fuel-evening")) == (160, 40)

    assert story.buys(BEN, "2030-02-04T12:00", "grocery", 1_000).awarded == 0
    assert story.buys(BEN, "2030-02-04T13:00", "airline", 50_000).awarded == 0
    assert story.buys(BEN, "2030-02-06T12:00", "pharmacy", 1_000).awarded == 0
    assert story.standing("round-trip", BEN) == (2, 3, 0)
    trip = story.buys(BEN, "2030-02-07T12:00", "fuel", 1_000)
    assert trip.awarded == 500
    assert story.balance(BEN) == 10 + 500 + 10 + 10 + 500
    assert story.returns("2030-02-08T12:00", trip, left_minor=999).awarded == 500
    assert (story.balance(BEN), story.paid("round-trip")) == (1_030 - 500 - 1, 0)
    assert story.buys(BEN, "2030-02-09T12:00", "fuel", 1_000).awarded == 500  # the week is not over yet
    assert story.balance(BEN) == 529 + 10 + 500
    assert story.redeems(BEN, "2030-02-09T12:00", "airline", 1_000).points == 1_000  # a flight
    assert story.balance(BEN) == 39

    assert story.buys(CARLA, "2030-03-04T12:00", "grocery", 1_000).awarded == 0
    assert story.buys(CARLA, "2030-03-06T12:00", "pharmacy", 1_000).awarded == 0
    assert story.buys(CARLA, "2030-03-11T12:00", "fuel", 1_000).awarded == 0  # the week is over
    assert story.standing("round-trip", CARLA) == (1, 3, 0)
    assert story.balance(CARLA) == 30
    assert story.paid("round-trip") == 500


def test_stars(tell: Tell) -> None:
    story = tell("stars", "stars", "free-item", "birthday-drink")
    story.enrols("2029-06-01T00:00", ANA)

    visits = [story.buys(ANA, f"2030-01-{day:02d}T08:00", "coffee", 450) for day in range(1, 11)]
    assert [(visit.points, visit.awarded) for visit in visits] == [(0, 9)] * 9 + [(0, 9 + 150)]
    assert story.buys(ANA, "2030-01-11T08:00", "coffee", 299).awarded == 5  # too small for a stamp
    assert story.balance(ANA) == 90 + 150 + 5
    assert story.standing("free-item", ANA) == (0, 10, 1)
    assert story.returns("2030-01-12T08:00", visits[9]).awarded == 9 + 150
    assert (story.balance(ANA), story.standing("free-item", ANA)) == (86, (9, 10, 0))
    assert story.buys(ANA, "2030-01-13T08:00", "coffee", 450).awarded == 9 + 150
    assert story.balance(ANA) == 245

    assert story.attested("birthday-drink", ANA, "2030-02-14T00:00", 1).awarded == 150
    assert story.attested("birthday-drink", ANA, "2030-02-15T00:00", 1).awarded == 0
    assert story.attested("birthday-drink", BEN, "2030-02-15T00:00", 1).refusals == [Refusal.MEMBER_UNKNOWN]
    assert story.buys(BEN, "2030-02-20T08:00", "coffee", 450).awarded == 9
    assert story.attested("birthday-drink", BEN, "2030-02-21T00:00", 1).awarded == 150
    assert story.balance(BEN) == 159
    assert story.attested("birthday-drink", ANA, "2030-05-31T23:59", 1).awarded == 0
    assert story.attested("birthday-drink", ANA, "2030-06-02T00:00", 1).awarded == 150  # the next membership year
    assert story.balance(ANA) == 245 + 150 + 150

    assert story.redeems(ANA, "2030-06-03T08:00", "coffee", 150).points == 150  # her drink, from the oldest stars
    assert story.balance(ANA) == 395
    story.passes("2030-10-29T00:00")
    assert story.balance(ANA) == 395 - (245 - 150)  # what is left of January's stars expires
    paid = story.paid("stars"), story.paid("free-item"), story.paid("birthday-drink")
    assert paid == (10 * 9 + 5 + 9, 150, 450)


def test_three_tiers(tell: Tell) -> None:
    story = tell("three-tiers", "rouge-week")
    story.enrols("2030-01-01T00:00", ANA)

    assert story.buys(ANA, "2030-02-01T12:00", "beauty", 35_000).awarded == 0
    assert (story.tier(ANA), story.missing(ANA)) == (1, 65_000)
    assert story.buys(ANA, "2030-03-01T12:00", "beauty", 65_000).awarded == 162  # a quarter of 650
    assert (story.tier(ANA), story.missing(ANA)) == (2, 0)
    assert story.balance(ANA) == 350 + 650 + 162

    week = story.buys(ANA, "2030-11-04T00:00", "beauty", 10_000)
    assert week.awarded == 50 + 2_000  # half as much again by the tier, and a fifth of the spend
    assert story.buys(BEN, "2030-11-05T12:00", "beauty", 10_000).awarded == 0
    assert story.buys(ANA, "2030-11-11T00:00", "beauty", 10_000).awarded == 50
    assert (story.balance(ANA), story.balance(BEN)) == (1_162 + 100 + 2_050 + 100 + 50, 100)
    assert story.paid("rouge-week") == 2_000

    story.passes("2031-01-01T00:00")
    assert story.tier(ANA) == 2  # what 1,200.00 in the first year deserve
    late = story.buys(ANA, "2031-12-31T23:59", "beauty", 40_000)
    assert late.awarded == 200
    assert story.balance(ANA) == 400 + 200  # all points of 2030 have expired
    story.passes("2032-01-01T00:00")
    assert (story.tier(ANA), story.missing(ANA)) == (1, 100_000)  # what 400.00 in the second year deserve
    assert story.buys(ANA, "2032-01-02T12:00", "beauty", 10_000).awarded == 25
    assert story.missing(ANA) == 90_000
    assert story.returns("2032-01-03T12:00", late).awarded == 200
    assert (story.tier(ANA), story.missing(ANA)) == (0, 25_000)  # the second year deserves nothing any more
    assert story.balance(ANA) == 100 + 25


def test_paid_membership(tell: Tell) -> None:
    story = tell("paid-membership", "prime-cash-back")
    story.enrols("2030-01-01T00:00", ANA)

    assert story.buys(ANA, "2030-02-01T12:00", "market", 900_000_00).awarded == 0
    assert story.tier(ANA) == 0  # no spend reaches it
    story.pays_for_tier(ANA, "2030-03-01T00:00", 1, until="2031-03-01T00:00")
    assert story.tier(ANA) == 1
    assert story.buys(ANA, "2030-03-01T12:00", "market", 2_000).awarded == 100
    assert story.buys(BEN, "2030-03-01T12:00", "market", 2_000).awarded == 0
    assert (story.balance(ANA), story.balance(BEN)) == (900_000 + 20 + 100, 20)

    story.passes("2031-01-01T00:00")
    assert story.tier(ANA) == 1  # a membership year's end takes nothing that was paid for
    assert story.buys(ANA, "2031-02-28T23:59", "market", 2_000).awarded == 100
    assert story.tier(ANA) == 1
    assert story.buys(ANA, "2031-03-01T00:00", "market", 2_000).awarded == 0
    assert story.tier(ANA) == 0
    assert story.balance(ANA) == 20 + 100 + 20  # what is older has expired

    story.pays_for_tier(ANA, "2031-03-05T00:00", 1, until="2032-03-05T00:00")
    renewed = story.buys(ANA, "2031-03-06T12:00", "market", 2_000)
    assert renewed.awarded == 100
    assert story.returns("2031-03-07T12:00", renewed, left_minor=1_000).awarded == 50
    assert story.balance(ANA) == 140 + (20 - 10) + (100 - 50)
    assert story.paid("prime-cash-back") == 250


def test_early_access(tell: Tell) -> None:
    story = tell("early-access", "early-access", "bonus-days", "check-in")
    story.enrols("2030-01-01T00:00", ANA, BEN)

    assert story.attested("check-in", BEN, "2030-01-10T12:00", 1).awarded == 100
    assert story.attested("check-in", BEN, "2030-01-16T12:00", 1).awarded == 0
    assert story.attested("check-in", BEN, "2030-01-17T00:00", 1).awarded == 100
    assert story.missing(ANA) == 2_000
    assert story.buys(ANA, "2030-02-01T12:00", "shoes", 200_000).awarded == 0
    assert (story.tier(ANA), story.tier(BEN)) == (1, 0)

    assert story.buys(ANA, "2030-09-11T23:59", "shoes", 5_000).awarded == 0
    assert story.buys(ANA, "2030-09-12T00:00", "shoes", 5_000).awarded == 50
    assert story.buys(BEN, "2030-09-13T12:00", "shoes", 5_000).awarded == 0
    for member in (ANA, BEN):
        assert story.buys(member, "2030-09-14T12:00", "outdoor", 5_000).awarded == 50
    for member in (ANA, BEN):
        assert story.buys(member, "2030-09-16T12:00", "outdoor", 5_000).awarded == 0
    assert story.balance(ANA) == 2_000 + 4 * 50 + 2 * 50
    assert story.balance(BEN) == 2 * 100 + 3 * 50 + 50
    assert (story.paid("early-access"), story.paid("bonus-days"), story.paid("check-in")) == (50, 100, 200)

    story.passes("2031-12-31T23:59")
    assert story.tier(ANA) == 1  # by 2,200 points in the first year
    story.passes("2032-02-29T23:59")
    assert story.tier(ANA) == 1  # 60 days after a year without purchases
    story.passes("2032-03-01T00:00")
    assert (story.tier(ANA), story.missing(ANA)) == (0, 2_000)
    assert story.balance(ANA) == 0


def test_yearly_dividend(tell: Tell) -> None:
    story = tell("yearly-dividend", "dividend")

    assert story.buys(ANA, "2030-01-01T00:00", "coop", 120_055).awarded == 0
    lamp = story.buys(ANA, "2030-07-01T12:00", "coop", 5_000)
    assert story.returns("2030-07-09T12:00", lamp).awarded == 0
    assert story.buys(BEN, "2030-08-01T12:00", "coop", 30_000).awarded == 0
    tent = story.buys(ANA, "2030-12-31T23:59", "coop", 40_000)
    assert story.standing("dividend", ANA) == (160_055, 0, 0)
    assert story.buys(ANA, "2031-01-01T00:00", "coop", 99_000).awarded == 0
    assert story.standing("dividend", ANA) == (160_055, 0, 0)  # it was 2030's

    assert story.claims("dividend", ANA, "2031-01-14T23:59").awarded == 0
    assert story.claims("dividend", ANA, "2031-01-15T00:00").awarded == 16_005  # a tenth of 160,055, down
    assert story.balance(ANA) == 400 + 990 + 16_005  # the points of the first of January have expired
    assert story.claims("dividend", ANA, "2031-01-16T00:00").awarded == 0
    assert story.claims("dividend", BEN, "2031-01-16T00:00").awarded == 3_000
    assert story.balance(BEN) == 300 + 3_000
    returned = story.returns("2031-01-20T12:00", tent, left_minor=30_000)
    assert (returned.points, returned.awarded) == (100, 1_000)
    assert story.balance(ANA) == 17_395 - 1_100
    assert story.paid("dividend") == 15_005 + 3_000
    with pytest.raises(Refused, match="campaign 1 this was possible"):
        story.claims("dividend", CARLA, "2031-01-31T00:00")
    assert story.closes("dividend", "2031-01-31T00:00") == 900_000_000 - 18_005


def test_daily_cash(tell: Tell) -> None:
    story = tell("daily-cash", "everywhere", "by-phone", "own-store")

    assert story.buys(ANA, "2030-01-01T12:00", "grocery", 9_999).awarded == 99
    assert story.buys(ANA, "2030-01-01T12:00", "cafe", 450).awarded == 9
    laptop = story.buys(ANA, "2030-01-01T12:00", "store", 199_900)
    assert laptop.awarded == 5_997
    assert [event.points for event in laptop.of(AwardOutdone)] == [1_999, 3_998]
    assert story.balance(ANA) == (99 + 4 + 1_999) + (99 + 9 + 5_997)
    assert story.returns("2030-01-09T12:00", laptop, left_minor=99_900).awarded == 3_000
    assert (story.paid("everywhere"), story.paid("by-phone"), story.paid("own-store")) == (99, 9, 2_997)
    assert story.balance(ANA) == 8_207 - 3_000 - 1_000

    assert story.buys(BEN, "2030-01-09T13:00", "cafe", 1_000).awarded == 20
    assert story.redeems(ANA, "2030-01-09T18:00", "cafe", 4_000).points == 4_000
    assert story.returns("2030-01-10T12:00", laptop).awarded == 2_997  # she has spent them, and owes them
    assert (story.balance(ANA), story.debt(ANA)) == (0, 2_997 + 999 - 207)
    assert story.buys(ANA, "2030-01-11T12:00", "grocery", 10_000).awarded == 100
    assert (story.balance(ANA), story.debt(ANA)) == (0, 3_789 - 100 - 100)
    assert story.balance(BEN) == 10 + 20
    assert (story.paid("everywhere"), story.paid("by-phone"), story.paid("own-store")) == (199, 29, 0)


def test_invitation(tell: Tell) -> None:
    story = tell("invitation", "invite")
    story.enrols("2029-12-01T00:00", ANA)
    story.enrols("2030-02-01T00:00", BEN)
    story.enrols("2030-02-02T00:00", CARLA)

    for referrer, member in [(ANA, ANA), (BEN, ANA), (BEN, BEN), (CARLA, BEN)]:
        with pytest.raises(Refused, match="refer"):
            story.invites("invite", referrer, "2030-02-03T00:00", member)
    story.invites("invite", ANA, "2030-02-03T00:00", BEN)
    with pytest.raises(Refused, match="refer"):
        story.invites("invite", ANA, "2030-02-03T00:00", BEN)

    assert story.buys(CARLA, "2030-02-04T12:00", "rides", 1_500).awarded == 0  # nobody invited her
    assert story.buys(BEN, "2030-02-04T12:00", "rides", 999).awarded == 0
    ride = story.buys(BEN, "2030-02-05T12:00", "rides", 1_000)
    assert ride.awarded == 500
    assert (story.balance(ANA), story.balance(BEN), story.balance(CARLA)) == (500, 9 + 10 + 500, 15)
    assert story.paid("invite") == 1_000
    assert story.buys(BEN, "2030-02-06T12:00", "rides", 1_000).awarded == 0
    assert story.returns("2030-02-07T12:00", ride).awarded == 500
    assert (story.balance(ANA), story.balance(BEN), story.paid("invite")) == (0, 9 + 10, 0)
    assert story.buys(BEN, "2030-02-08T12:00", "rides", 1_000).awarded == 500  # the first that stands
    assert (story.balance(ANA), story.balance(BEN)) == (500, 19 + 10 + 500)

    friends = [signer(f"friend {number}") for number in range(10)]
    story.enrols("2030-03-01T00:00", *friends)
    for friend in friends:
        story.invites("invite", ANA, "2030-03-02T00:00", friend)
    rides = [story.buys(friend, "2030-03-03T12:00", "rides", 1_000) for friend in friends]
    assert [one.awarded for one in rides] == [500] * 10
    assert [cut.due_points - cut.paid_points for one in rides for cut in one.of(AwardCut)] == [500]
    assert story.balance(ANA) == 5_000  # ten friends of eleven: the most that one member earns
    assert [story.balance(friend) for friend in friends] == [10 + 500] * 10
    assert story.paid("invite") == 11 * 500 + 10 * 500


def test_reviewers(tell: Tell) -> None:
    story = tell("reviewers", "ranks", "restaurants", "hotels")
    story.enrols("2029-12-01T00:00", ANA, BEN)

    ranks = [story.attested("ranks", ANA, "2030-01-05T12:00", 1 + number % 2).badges for number in range(50)]
    assert {number: told for number, told in enumerate(ranks, 1) if told} == {
        1: [1],
        3: [2],
        6: [3],
        11: [4],
        21: [5],
        50: [6],
    }
    assert story.balance(ANA) == 1_000

    meals = [story.attested("restaurants", ANA, "2030-01-05T12:00", 1) for _ in range(6)]
    assert [meal.awarded for meal in meals] == [10, 10, 10, 10, 10, 0]
    assert [meal.badges for meal in meals] == [[], [], [11], [], [], []]
    assert story.standing("restaurants", ANA)[:2] == (5, 5)
    assert story.attested("restaurants", ANA, "2030-01-06T00:00", 2).awarded == 0  # that was a hotel
    assert story.attested("restaurants", ANA, "2030-01-06T00:00", 1, number=7_001).awarded == 10
    again = story.attested("restaurants", ANA, "2030-01-06T00:00", 1, number=7_001)
    assert (again.awarded, again.refusals) == (0, [Refusal.ID_USED])
    assert story.attested("hotels", ANA, "2030-01-06T00:00", 2).awarded == 20

    hotels = [story.attested("hotels", BEN, "2030-01-07T00:00", 2) for _ in range(3)]
    assert [hotel.badges for hotel in hotels] == [[], [], [12]]
    assert (story.badges(ANA), story.badges(BEN)) == ([1, 2, 3, 4, 5, 6, 11], [12])
    assert (story.balance(ANA), story.balance(BEN)) == (1_000 + 6 * 10 + 20, 3 * 20)
    assert (story.paid("ranks"), story.paid("restaurants"), story.paid("hotels")) == (1_000, 60, 80)


def test_spend_at_once(tell: Tell) -> None:
    story = tell("spend-at-once", "flights", "hotels")

    flight = story.buys(ANA, "2030-05-01T12:00", "flights", 45_000)
    assert (flight.points, flight.awarded) == (0, 450)  # of the purchase itself: no claim, no waiting
    night = story.redeems(ANA, "2030-05-01T12:00", "hotels", 450)  # the same second, the very next transaction
    assert (night.points, night.block) == (450, flight.block + 1)
    assert story.balance(ANA) == 0

    hotel = story.buys(BEN, "2030-05-01T12:00", "hotels", 20_000)
    assert hotel.awarded == 1_000
    seat = story.redeems(BEN, "2030-05-01T12:00", "flights", 999)
    assert (seat.points, seat.block) == (999, hotel.block + 1)
    assert story.balance(BEN) == 1

    assert story.returns("2030-05-02T12:00", flight).awarded == 450
    assert (story.balance(ANA), story.debt(ANA)) == (0, 450)  # the night is paid for by what comes next
    assert story.buys(ANA, "2030-05-03T12:00", "hotels", 10_000).awarded == 500
    assert (story.balance(ANA), story.debt(ANA)) == (50, 0)
    assert (story.paid("flights"), story.paid("hotels")) == (0, 1_500)


def test_lessons_and_workouts(tell: Tell) -> None:
    story = tell("lessons-and-workouts", "course", "workouts")
    story.enrols("2029-12-01T00:00", ANA, BEN)

    lessons = [story.attested("course", ANA, "2030-02-01T12:00", 1) for _ in range(10)]
    assert [lesson.awarded for lesson in lessons] == [0, 50, 0, 0, 100, 0, 0, 0, 200, 0]
    assert lessons[8].badges == [1]
    assert story.attested("course", ANA, "2030-02-01T12:00", 2).awarded == 0
    assert story.attested("course", BEN, "2030-02-01T12:00", 1).awarded == 0
    assert story.standing("course", BEN) == (1, 2, 0)

    days = [story.attested("workouts", ANA, f"2030-03-{day:02d}T07:00", 2) for day in range(1, 22)]
    assert [day.awarded for day in days] == [10] * 21
    assert [number for number, day in enumerate(days, 1) if day.badges == [2]] == [20]
    assert story.attested("workouts", ANA, "2030-03-21T23:00", 2).awarded == 0  # the second one that day
    with pytest.raises(AccessDenied, match="attest"):
        story.attested("workouts", ANA, "2030-04-01T07:00", 2, by=ANA)  # she says so herself
    assert (story.badges(ANA), story.badges(BEN)) == ([1, 2], [])
    assert (story.balance(ANA), story.balance(BEN)) == (350 + 210, 0)
    assert (story.paid("course"), story.paid("workouts")) == (350, 210)
