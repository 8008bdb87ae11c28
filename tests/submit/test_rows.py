"""Ids of a transaction's operations as the database keeps them."""

from __future__ import annotations

from array import array

from coalition.submit.rows import pack, unpack


def test_ids_are_kept_with_the_lowest_byte_first() -> None:
    ids = array("q", [1, 1 << 40, (1 << 63) - 1])

    packed = pack(ids)

    assert packed == b"".join(number.to_bytes(8, "little") for number in ids)
    assert unpack(packed) == ids
    assert unpack(pack(array("q"))) == array("q")
