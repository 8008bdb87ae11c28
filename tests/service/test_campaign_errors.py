"""What must not start does not start, not even half: each wrong campaign is one clear error, and the book stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coalition.chain.admin import Admin, set_terms
from coalition.chain.campaign_reading import ask
from coalition.errors import CoalitionError, InputError
from coalition.ledger.campaigns.calls import Attestation, Joining
from tests.service.coalition import DAY, START, Coalition, day


def refused(coalition: Coalition, work: Callable[[], Any]) -> str:
    """The code with which something is refused; no transaction came of it, no campaign, no file and no reserved point."""
    before = _book(coalition)
    with pytest.raises(CoalitionError) as error:
        work()
    assert _book(coalition) == before
    assert error.value.message
    return error.value.code


def _book(coalition: Coalition) -> tuple[Any, ...]:
    reader = coalition.campaigns.reader
    reserved = [
        ask(reader.rpc, reader.deployment, ("CampaignBook", "reservedPointsOf", (partner,))) for partner in (1, 2, 3)
    ]
    files = sorted(str(path) for path in (coalition.folder / "campaigns").rglob("*"))
    return (
        coalition.rpc.call("eth_blockNumber", []),
        [(one.live, one.versions) for one in reader.all()],
        reserved,
        files,
    )


WRONG = {
    "not YAML": ("campaign: [oops\n", "syntax_invalid"),
    "empty": ("", "file_empty"),
    "shares that do not add up": ({"sponsors": "{bakery: 60 %, cafe: 50 %}"}, "shares_wrong"),
    "an unknown partner": ({"partners": "[bakery, butcher]"}, "partner_unknown"),
    "an unknown sponsor": ({"sponsors": "{bakery: 60 %, butcher: 40 %}"}, "partner_unknown"),
    "a window in the past": ({"opens": day(-2), "closes": day(9)}, "window_past"),
    "a window that ends first": ({"opens": day(9), "closes": day(8)}, "window_reversed"),
    "a root without its list": ({"segment": f"'0x{'ab' * 32}'"}, "segment_root_alone"),
    "a list that is not there": ({"segment": "nobody.csv"}, "segment_missing"),
    "an empty list": ({"segment": "empty.csv"}, "segment_empty"),
    "a list of something else": ({"segment": "names.csv"}, "segment_line_invalid"),
    "a field that there is not": ({"discount": "10 %"}, "field_unknown"),
    "terms that the kind cannot have": ({"terms": "{visits: 4, award: 300 points}"}, "visits_over_partners"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_file_is_not_proposed(coalition: Coalition, name: str) -> None:
    (coalition.folder / "empty.csv").write_text("account\n")
    (coalition.folder / "names.csv").write_text("account\nann\n")
    content, code = WRONG[name]
    path = coalition.file(**content) if isinstance(content, dict) else coalition.folder / "campaign.yaml"
    if isinstance(content, str):
        path.write_text(content)

    def propose() -> None:
        try:
            coalition.campaigns.propose(path, "bakery")
        except InputError as error:
            (finding,) = error.details["findings"]
            assert finding["code"] == code and finding["line"] and finding["remedy"]
            raise

    assert refused(coalition, propose) == "campaign_invalid"


def test_half_of_the_sponsors_start_nothing(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    coalition.campaigns.approve(number, "bakery")

    assert refused(coalition, lambda: coalition.campaigns.start(number)) == "approval_missing"
    coalition.go_to(START + 8 * DAY)
    ann = coalition.member("ann")
    assert coalition.earn("bakery", ann, "B-1", 500).awarded == coalition.earn("cafe", ann, "C-1", 500).awarded == 0
    assert coalition.campaigns.show(number).status == "proposed"


def test_an_approval_that_expired_starts_nothing(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    soon = coalition.now() + 3_600
    coalition.campaigns.approve(number, "bakery", until=soon)
    coalition.go_to(soon + 1)
    coalition.campaigns.approve(number, "cafe")

    assert refused(coalition, lambda: coalition.campaigns.start(number)) == "approval_expired"
    assert coalition.campaigns.approve(number, "bakery").status == "scheduled", "said again, it starts"


def test_a_version_needs_all_approvals_of_its_own(coalition: Coalition) -> None:
    campaigns, number = coalition.campaigns, coalition.started(coalition.file())
    campaigns.amend(number, coalition.file("later.yaml", budget="20000 points", opens=day(10)), "bakery")
    campaigns.approve(number, "bakery")

    assert refused(coalition, lambda: campaigns.start(number)) == "approval_missing"
    coalition.go_to(START + 11 * DAY)
    shown = campaigns.show(number)
    assert (shown.live.version, shown.live.budget_points, shown.status) == (1, 10_000, "running")


def test_versions_that_overlap_wait_for_each_other(coalition: Coalition) -> None:
    campaigns, number = coalition.campaigns, coalition.started(coalition.file())
    second = coalition.file("second.yaml", budget="20000 points", opens=day(10))
    third = coalition.file("third.yaml", budget="30000 points", opens=day(9))
    campaigns.amend(number, second, "bakery")
    campaigns.amend(number, third, "bakery")
    for shop in ("bakery", "cafe"):
        campaigns.approve(number, shop, version=2)
    campaigns.approve(number, "bakery", version=3)
    with pytest.raises(CoalitionError, match="Version 2") as error:
        campaigns.approve(number, "cafe", version=3)

    assert error.value.code == "version_pending"
    assert refused(coalition, lambda: campaigns.start(number, 3)) == "version_pending"
    coalition.go_to(START + 9 * DAY + 10)
    assert campaigns.show(number).live.version == 1
    coalition.go_to(START + 10 * DAY)
    assert campaigns.show(number).live.version == 2
    assert refused(coalition, lambda: campaigns.start(number, 3)) in ("approval_expired", "start_too_late")
    smaller = coalition.file("smaller.yaml", budget="5000 points", opens=day(12))
    campaigns.amend(number, smaller, "cafe")
    campaigns.approve(number, "bakery")
    with pytest.raises(CoalitionError) as error:
        campaigns.approve(number, "cafe")
    assert error.value.code == "budget_invalid"
    assert campaigns.show(number).live.next_from == 0, "nothing waits"


def test_a_wrong_proof_lets_nobody_join(coalition: Coalition) -> None:
    on_list, outsider = [coalition.member(name) for name in ("ann", "bob")], coalition.member("eve")
    (coalition.folder / "regulars.csv").write_text("\n".join(["account", *on_list]))
    number = coalition.started(coalition.file(segment="regulars.csv"))
    segment = coalition.campaigns.file_of(number).segment
    assert segment is not None
    proof, key = tuple(segment.proof_of(on_list[0])), coalition.campaigns.anybody()

    for joining in (
        Joining(outsider, proof),
        Joining(on_list[0], ()),
        Joining(on_list[0], (b"\1" * 32,)),
        Joining(on_list[1], (*proof, b"\1" * 32)),
    ):
        assert refused(coalition, lambda joining=joining: key.join(number, [joining])) == "joining_refused"
    good = Joining(on_list[0], proof)
    assert refused(coalition, lambda: key.join(number, [good, Joining(outsider, proof)])) == "joining_refused"
    coalition.follower.catch_up()
    assert [one.joined for one in coalition.members.progress(on_list[0])] == [False], "not even the one that was right"
    key.join(number, [good])


def test_a_list_that_is_not_kept_here_proves_nothing(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    (coalition.folder / "regulars.csv").write_text(f"account\n{ann}\n")
    number = coalition.started(coalition.file(segment="regulars.csv"))
    for kept in (coalition.folder / "campaigns").rglob("campaign.yaml"):
        kept.unlink()
    coalition.campaigns.reader._file.cache_clear()

    assert refused(coalition, lambda: coalition.members.join_all(number)) == "campaign_file_missing"
    assert refused(coalition, lambda: coalition.members.join(number, ["ann"], coalition.custody)) == (
        "campaign_file_missing"
    )


def test_amounts_in_currencies_of_different_decimals(coalition: Coalition) -> None:
    account, key = (f"0x{number:040x}" for number in (0xACC, 0xBEE))
    coalition.admin.add_partner("kiosk", account, key, "JPY", 10_000)
    coalition.follower.catch_up()
    path = coalition.file(partners="[bakery, kiosk]")

    assert refused(coalition, lambda: coalition.campaigns.check(path)) == "decimals_differ"
    assert coalition.campaigns.check(path, decimals=0).partners == (1, 4)


def test_what_only_the_attestor_and_nobody_may(coalition: Coalition) -> None:
    number = coalition.started(coalition.file(**{"early end": None}))
    said = [Attestation(coalition.member("ann"), 1, 1)]

    assert refused(coalition, lambda: coalition.campaigns.partner_key("bakery").attest(number, said)) == "attestor_only"
    assert refused(coalition, lambda: coalition.campaigns.end(number, "bakery")) == "campaign_never_ends_early"


def test_a_budget_above_a_sponsors_credit(coalition: Coalition) -> None:
    governor = Admin(coalition.rpc, coalition.deployment, coalition.keystore.signer("governor"))
    limit = set_terms(2, 0, 0, 3_999)  # the cafe pays 40 % of 10,000
    coalition.go_to(governor.schedule(limit))
    governor.execute(limit)
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    coalition.campaigns.approve(number, "bakery")

    with pytest.raises(CoalitionError, match="its limit is 3999") as error:
        coalition.campaigns.approve(number, "cafe")
    assert error.value.code == "credit_exceeded"
    assert refused(coalition, lambda: coalition.campaigns.start(number)) == "credit_exceeded"


def test_an_older_version_does_not_come_back(coalition: Coalition) -> None:
    campaigns, number = coalition.campaigns, coalition.started(coalition.file())
    campaigns.amend(number, coalition.file("second.yaml", budget="20000 points", opens=day(12)), "bakery")
    campaigns.amend(number, coalition.file("third.yaml", budget="30000 points", opens=day(10)), "bakery")
    campaigns.approve(number, "bakery", version=2)
    for shop in ("bakery", "cafe"):
        campaigns.approve(number, shop, version=3)
    coalition.go_to(START + 10 * DAY)
    assert campaigns.show(number).live.version == 3

    assert campaigns.start(number, 2).live.version == 3, "the service does not even ask"
    second = campaigns.reader.version(number, 2)
    campaigns.partner_key("cafe").approve(number, 2, second.terms_hash, second.terms.opens_at)
    assert refused(coalition, lambda: campaigns.anybody().start(number, 2, second.terms)) == "version_not_next"


DRAW = {"kind": "surprise", "terms": "{chance: 100 %, prize: 70 points, entries: 5}"}


def test_no_draw_without_a_seed_of_each_sponsor(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(**DRAW), "bakery").campaign
    known = coalition.campaigns.reader.version(number)
    for shop in ("bakery", "cafe"):  # past the service, which commits before it approves
        coalition.campaigns.partner_key(shop).approve(number, 1, known.terms_hash, known.terms.opens_at)

    assert refused(coalition, lambda: coalition.campaigns.start(number)) == "seed_missing"


def test_seeds_that_are_wrong_or_too_late(coalition: Coalition) -> None:
    number = coalition.started(coalition.file(**DRAW))
    key = coalition.campaigns.partner_key("bakery")

    coalition.go_to(START + 14 * DAY)
    assert refused(coalition, lambda: key.reveal_seed(number, bytes(31) + b"\5")) == "seed_invalid"
    coalition.go_to(START + 21 * DAY)
    assert refused(coalition, lambda: coalition.campaigns.reveal(number, "bakery")) == "seed_too_late"
