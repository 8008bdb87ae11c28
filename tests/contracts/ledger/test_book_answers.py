"""What `PointLedger.earn` makes of answers of its campaign book that are none."""

import pytest
from support import reverts


def words(*numbers):
    """Words as the ABI has them."""
    return b"".join(number.to_bytes(32) for number in numbers)


HASH = 0xAB << 248
ANSWERS = {
    "two words": words(5, HASH),
    "no list": words(5, HASH, 96),
    "another place of the list": words(5, HASH, 128, 0),
    "one word too many": words(5, HASH, 96, 0, 0),
    "half a word too many": words(5, HASH, 96, 0) + bytes(16),
    "a shorter list than it says": words(5, HASH, 96, 2, 7),
    "a length that comes to nothing in bytes": words(5, HASH, 96, 2**251),
    "a length that comes to one in bytes": words(5, HASH, 96, 2**251 + 1, 7),
}


@pytest.fixture
def earn(ledger, earning_partner):
    """Post a purchase of the earning partner."""
    return lambda *purchase: ledger.earn([purchase], [], {"from": earning_partner.key})


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_answer_stops_the_batch(earn, book, relayer, member, lots, answer):
    book.say(answer, {"from": relayer})
    with reverts("BookAnswerInvalid"):
        earn(member, 1, 10)

    assert lots(member) == (0, 0, 0, 0)


def test_an_answer_as_the_abi_has_it(earn, book, relayer, member, lots):
    book.say(words(5, HASH, 96, 0), {"from": relayer})
    earn(member, 1, 100)

    assert lots(member) == (15, 0, 0, 0)


def test_a_list_as_the_abi_has_it(earn, book, relayer, member, other_member, lots):
    book.say(words(5, HASH, 96, 1, 7 << 160 | int(str(other_member), 16)), {"from": relayer})
    earn(member, 1, 100)

    assert (lots(member), lots(other_member)) == ((15, 0, 0, 0), (7, 0, 0, 0))
