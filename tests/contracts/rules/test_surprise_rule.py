"""`SurpriseRule`."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from happenings import ATTESTATION, CLAIM, DRAW, accepts, all_of, answer, award, first_part, happened, part, purchase
from support import reverts

TERMS = [2_500, 1_001, 40, 100]
RANDOM = 2**255 + 99
DRAWN, DRAWN_BLIND = 2**8, 2**9


@pytest.fixture(scope="module")
def rule(SurpriseRule, deployer):
    return deployer.deploy(SurpriseRule)


def winners(entries):
    """Entries that win, by the definition."""
    lots = [int.from_bytes(keccak(encode(["uint256", "uint256"], [RANDOM, entry])), "big") for entry in range(entries)]
    return [entry for entry, lot in enumerate(lots) if lot % 10_000 < 2_500]


def drawn(entries):
    """Progress after the draw."""
    return entries + DRAWN + sum(2 ** (10 + entry) for entry in winners(entries))


def test_terms_must_be_complete(rule):
    for terms in ([], TERMS[:-1], [*TERMS, 0]):
        with reverts("TermCountInvalid", len(terms), 4):
            rule.check(terms)


@pytest.mark.parametrize(
    ("index", "values"), [(0, (0, 10_001)), (1, (0, (2**48 - 1) // 40 + 1)), (2, (0, 129)), (3, (2**48,))]
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*TERMS[:index], value, *TERMS[index + 1 :]])


def test_good_terms_are_accepted(rule):
    for terms in (TERMS, [1, 1, 128, 0], [10_000, 2**48 - 1, 1, 2**48 - 1]):
        assert accepts(rule, terms)
    assert not accepts(rule, [])


def test_only_purchases_of_enough_enter(rule):
    strange = [purchase(99), happened(ATTESTATION), happened(CLAIM)]
    assert all_of(rule, TERMS, strange, 3) == (3, [0] * 3)


def test_purchases_enter_up_to_the_limit(rule):
    assert all_of(rule, [2_500, 1_001, 2, 100], [purchase(100)] * 3) == (2, [0] * 3)


def test_each_entry_wins_by_its_own_lot(rule):
    assert 0 < len(winners(40)) < 40
    paid = award(1_001 * len(winners(40)))
    assert answer(rule.weigh(TERMS, 40, happened(DRAW, subject=RANDOM))) == (drawn(40), paid)


def test_every_entry_of_128_can_win(rule):
    progress, paid = answer(rule.weigh([10_000, 5, 128, 0], 128, happened(DRAW, subject=RANDOM)))
    assert (progress, paid) == (128 + DRAWN + (2**128 - 1) * 2**10, award(640))


def test_without_a_seed_entries_are_worth_their_average(rule):
    assert answer(rule.weigh(TERMS, 3, happened(DRAW))) == (3 + DRAWN_BLIND, award(750))


@pytest.mark.parametrize("progress", [3 + DRAWN, 3 + DRAWN_BLIND])
def test_it_is_drawn_once_and_nothing_enters_afterwards(rule, progress):
    later = [happened(DRAW, subject=RANDOM), happened(DRAW), purchase(100)]
    assert all_of(rule, TERMS, later, progress) == (progress, [0] * 3)


def test_an_entry_is_lost_with_its_purchase(rule):
    assert answer(rule.takeBack(TERMS, 3, purchase(100), part(100, 1))) == (3, 0)
    assert answer(rule.takeBack(TERMS, 3, purchase(100), part(100, 0))) == (2, 0)
    assert answer(rule.takeBack(TERMS, 3, purchase(100), first_part(100, 99))) == (2, 0)
    assert answer(rule.takeBack(TERMS, 2, purchase(100), first_part(99, 0))) == (2, 0)


def test_what_never_entered_takes_nothing_back(rule):
    assert answer(rule.takeBack(TERMS, 3, purchase(99), part(99, 0))) == (3, 0)
    assert answer(rule.takeBack(TERMS, 0, purchase(100), part(100, 0))) == (0, 0)


def test_after_the_draw_the_last_entry_goes_with_its_prize(rule):
    progress, won = drawn(12), winners(12)
    for entry in reversed(range(12)):
        progress, back = answer(rule.takeBack(TERMS, progress, purchase(100), part(100, 0)))
        assert (progress, back) == (drawn(entry), award(1_001) if entry in won else 0)


def test_after_a_draw_without_a_seed_an_entry_goes_with_what_it_was_worth(rule):
    progress, parts = 3 + DRAWN_BLIND, []
    for entries in (2, 1, 0):
        progress, back = answer(rule.takeBack(TERMS, progress, purchase(100), part(100, 0)))
        assert progress == entries + DRAWN_BLIND
        parts.append(back)
    assert parts == [award(250), award(250), award(250)]
