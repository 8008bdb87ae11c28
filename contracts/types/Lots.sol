// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FLAG_ENROLLED, LOT_BITS, LOT_COUNT, LOT_MAX} from "../libraries/Constants.sol";

/// @notice Points by the epoch in which they were earned, in one word. From the lowest bit up:
///
/// | bits    | what                                                                             |
/// |---------|----------------------------------------------------------------------------------|
/// | 0–191   | four lots of 48 bits; lot `i` holds the points of epoch `head − i`                |
/// | 192–215 | `head`, the newest epoch                                                          |
/// | 216–223 | flags                                                                             |
/// | 224–255 | of a member's account, Unix time in seconds at which it was enrolled; else 0      |
///
/// Newer lots stand lower, so that time passing is a shift to the left.
type Lots is uint256;

using {
    head,
    total,
    lotAt,
    isEmpty,
    isFlagged,
    flagged,
    unflagged,
    memberSince,
    rolled,
    expired,
    withLot,
    added,
    removed,
    plus,
    spent,
    restored,
    tail
} for Lots global;

uint256 constant POINTS_BITS = LOT_BITS * LOT_COUNT;
uint256 constant POINTS_MASK = (1 << POINTS_BITS) - 1;
uint256 constant HEAD_MASK = 0xFFFFFF;
uint256 constant FLAGS_SHIFT = POINTS_BITS + 24;
uint256 constant SINCE_SHIFT = FLAGS_SHIFT + 8;

/// @notice No points, as seen from `epoch`.
function emptyLots(uint256 epoch) pure returns (Lots) {
    return Lots.wrap(epoch << POINTS_BITS);
}

/// @notice All `points` in the one lot of `epoch`.
function singleLot(uint256 epoch, uint256 points) pure returns (Lots) {
    return Lots.wrap((epoch << POINTS_BITS) | points);
}

/// @notice A member's account without points that is enrolled at `time`, in Unix seconds.
/// @dev Warning: `time` has 32 bits: until the year 2106.
function newMember(uint256 epoch, uint256 time) pure returns (Lots) {
    return Lots.wrap((((time << 8) | FLAG_ENROLLED) << FLAGS_SHIFT) | (epoch << POINTS_BITS));
}

/// @notice The newest epoch that `lots` know.
function head(Lots lots) pure returns (uint256) {
    return (Lots.unwrap(lots) >> POINTS_BITS) & HEAD_MASK;
}

/// @notice Points in all four lots.
function total(Lots lots) pure returns (uint256 points) {
    uint256 word = Lots.unwrap(lots);
    unchecked {
        points = (word & LOT_MAX) + ((word >> LOT_BITS) & LOT_MAX) + ((word >> (2 * LOT_BITS)) & LOT_MAX)
            + ((word >> (3 * LOT_BITS)) & LOT_MAX);
    }
}

/// @notice Points of lot `age` epochs before the head.
function lotAt(Lots lots, uint256 age) pure returns (uint256) {
    return (Lots.unwrap(lots) >> (LOT_BITS * age)) & LOT_MAX;
}

/// @notice True if no lot holds a point.
function isEmpty(Lots lots) pure returns (bool) {
    return Lots.unwrap(lots) & POINTS_MASK == 0;
}

/// @notice True if any flag of `mask` is set.
function isFlagged(Lots lots, uint256 mask) pure returns (bool) {
    return (Lots.unwrap(lots) >> FLAGS_SHIFT) & mask != 0;
}

/// @notice `lots` with the flags of `mask` set.
function flagged(Lots lots, uint256 mask) pure returns (Lots) {
    return Lots.wrap(Lots.unwrap(lots) | (mask << FLAGS_SHIFT));
}

/// @notice `lots` with the flags of `mask` cleared.
function unflagged(Lots lots, uint256 mask) pure returns (Lots) {
    return Lots.wrap(Lots.unwrap(lots) & ~(mask << FLAGS_SHIFT));
}

/// @notice Unix time in seconds at which the account was enrolled; 0 for nobody's.
function memberSince(Lots lots) pure returns (uint256) {
    return Lots.unwrap(lots) >> SINCE_SHIFT;
}

/// @notice `lots` as seen from `epoch`, without what has expired by then.
/// @param validity number of epochs for which points are valid, the one in which they were earned included.
function rolled(Lots lots, uint256 epoch, uint256 validity) pure returns (Lots) {
    unchecked {
        uint256 word = Lots.unwrap(lots);
        uint256 passed = epoch - ((word >> POINTS_BITS) & HEAD_MASK);
        if (passed == 0) return lots;

        uint256 points = passed >= validity ? 0 : (word << (LOT_BITS * passed)) & ((1 << (LOT_BITS * validity)) - 1);
        return Lots.wrap((word >> FLAGS_SHIFT << FLAGS_SHIFT) | (epoch << POINTS_BITS) | points);
    }
}

/// @notice The part of `lots` that `rolled` leaves behind, with the head of `lots`.
function expired(Lots lots, uint256 epoch, uint256 validity) pure returns (Lots) {
    unchecked {
        uint256 passed = epoch - lots.head();
        uint256 kept = passed >= validity ? 0 : validity - passed;
        uint256 points = (Lots.unwrap(lots) & POINTS_MASK) >> (LOT_BITS * kept) << (LOT_BITS * kept);
        return Lots.wrap((lots.head() << POINTS_BITS) | points);
    }
}

/// @notice `lots` with `points` more in the lot `age` epochs before the head.
/// @dev Warning: the caller makes sure that the lot does not overflow.
function withLot(Lots lots, uint256 age, uint256 points) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(lots) + (points << (LOT_BITS * age)));
    }
}

/// @notice `lots` with `points` more in the lot of the head.
/// @dev Warning: the caller makes sure that the lot does not overflow.
function added(Lots lots, uint256 points) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(lots) + points);
    }
}

/// @notice `lots` with each lot larger by that of `other`.
/// @dev Warning: both have the same head, and no lot overflows; the caller makes sure of both.
function plus(Lots lots, Lots other) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(lots) + (Lots.unwrap(other) & POINTS_MASK));
    }
}

/// @notice `lots` with each lot smaller by that of `other`.
/// @dev Warning: both have the same head, and no lot of `other` is larger; the caller makes sure of both.
function removed(Lots lots, Lots other) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(lots) - (Lots.unwrap(other) & POINTS_MASK));
    }
}

/// @notice The lots that a payment of `points` takes, nearest to expiry first.
/// @param validity number of epochs for which points are valid.
/// @param skipped number of lots nearest to expiry that are left alone.
/// @return taken lots to remove, with the head of `lots`.
/// @return missing points that `lots` do not hold.
function spent(Lots lots, uint256 points, uint256 validity, uint256 skipped)
    pure
    returns (Lots taken, uint256 missing)
{
    unchecked {
        uint256 word;
        missing = points;
        for (uint256 left = validity - skipped; left > 0 && missing > 0; --left) {
            uint256 shift = LOT_BITS * (left - 1);
            uint256 held = (Lots.unwrap(lots) >> shift) & LOT_MAX;
            uint256 part = held < missing ? held : missing;
            word |= part << shift;
            missing -= part;
        }
        taken = Lots.wrap(word | (lots.head() << POINTS_BITS));
    }
}

/// @notice The part of a payment that `points` give back after `before` have been given back: what was spent last comes
/// back first.
function tail(Lots lots, uint256 before, uint256 points) pure returns (Lots) {
    unchecked {
        uint256 word;
        for (uint256 age = 0; age < LOT_COUNT && points > 0; ++age) {
            uint256 held = lots.lotAt(age);
            uint256 passed = held < before ? held : before;
            before -= passed;
            held -= passed;
            uint256 part = held < points ? held : points;
            word |= part << (LOT_BITS * age);
            points -= part;
        }
        return Lots.wrap(word | (lots.head() << POINTS_BITS));
    }
}

/// @notice Where the points of `lots` go when they are given back in `epoch`: each to its own lot, what has expired to the
/// grace lot, which lives to the end of the next epoch (of this one where points are valid for one epoch only).
function restored(Lots lots, uint256 epoch, uint256 validity) pure returns (Lots) {
    unchecked {
        uint256 passed = epoch - lots.head();
        uint256 grace = validity < 2 ? 0 : validity - 2;
        uint256 word;
        for (uint256 age = 0; age < LOT_COUNT; ++age) {
            uint256 points = lots.lotAt(age);
            uint256 aged = age + passed;
            word += points << (LOT_BITS * (aged < validity ? aged : grace));
        }
        return Lots.wrap(word | (epoch << POINTS_BITS));
    }
}
