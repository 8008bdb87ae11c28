"""`CampaignBook.join`."""

import pytest
from campaign import JOINED, tree
from support import BATCH_MAX, DAY, reverts, told, travel


@pytest.fixture
def segment(member, other_member):
    return tree([member, other_member])


def test_the_campaign_must_run(world, member):
    with reverts("CampaignNotStarted", 1):
        world.book.join(1, [(member, [])])
    campaign, terms = world.started(opt_in=True)
    travel(terms.closes_at)
    with reverts("CampaignOver", campaign, terms.closes_at):
        world.book.join(campaign, [(member, [])], {"from": member})


def test_it_must_be_needed(world, member):
    campaign, _ = world.started()
    with reverts("JoiningNotNeeded", campaign):
        world.book.join(campaign, [(member, [])])


def test_1_to_500_at_once(world, member):
    campaign, _ = world.started(opt_in=True)
    for size in (0, BATCH_MAX + 1):
        with reverts("ListSizeInvalid", size, BATCH_MAX):
            world.book.join(campaign, [(member, [])] * size, {"from": member})


def test_only_members_may(world, stranger):
    root, proofs = tree([stranger, stranger])
    campaign, _ = world.started(segment=root)
    with reverts("JoiningRefused", campaign, stranger):
        world.book.join(campaign, [(stranger, proofs[str(stranger)])])


def test_only_those_of_the_segment_may(world, segment, member, other_member):
    root, proofs = segment
    campaign, _ = world.started(segment=root)
    for proof in ([], proofs[str(other_member)], [*proofs[str(member)], bytes(32)]):
        with reverts("JoiningRefused", campaign, member):
            world.book.join(campaign, [(member, proof)])


def test_only_the_member_itself_consents(world, member, other_member):
    campaign, _ = world.started(opt_in=True)
    with reverts("JoiningRefused", campaign, member):
        world.book.join(campaign, [(member, [])], {"from": other_member})


def test_one_wrong_proof_and_nobody_joins(world, segment, member, other_member):
    root, proofs = segment
    campaign, _ = world.started(segment=root)
    with reverts("JoiningRefused", campaign, other_member):
        world.book.join(campaign, [(member, proofs[str(member)]), (other_member, [])])
    assert world.standing(campaign, member) == (0, 0, 0)


def test_who_brings_the_proof_lets_members_in(world, segment, member, other_member, stranger):
    root, proofs = segment
    campaign, _ = world.opened(segment=root)
    assert world.buy(member).awarded == 0
    tx = world.book.join(campaign, [(member, proofs[str(member)])] * 2, {"from": stranger})

    assert told(tx) == [("MemberJoined", campaign, member)]
    assert world.standing(campaign, member) == (0, 0, JOINED)
    assert (world.buy(member).awarded, world.buy(other_member).awarded) == (100, 0)
    assert world.standing(campaign, member) == (0, 100, JOINED)


def test_consent_and_proof(world, segment, member):
    root, proofs = segment
    campaign, _ = world.opened(segment=root, opt_in=True)
    with reverts("JoiningRefused", campaign, member):
        world.book.join(campaign, [(member, [])], {"from": member})
    world.book.join(campaign, [(member, proofs[str(member)])], {"from": member})

    assert world.buy(member).awarded == 100


def test_who_has_joined_stays_in_under_a_later_version(world, segment, member, other_member):
    root, proofs = segment
    campaign, terms = world.opened(segment=root)
    world.book.join(campaign, [(member, proofs[str(member)])])
    later = terms.but(opens_at=terms.opens_at + 2 * DAY, segment=b"\1" * 32)
    world.changed(campaign, later)
    travel(later.opens_at)

    assert world.buy(member).awarded == 100
    with reverts("JoiningRefused", campaign, other_member):
        world.book.join(campaign, [(other_member, proofs[str(other_member)])])
