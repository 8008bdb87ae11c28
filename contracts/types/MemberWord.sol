// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PROGRESS_BITS} from "../libraries/Constants.sol";
import {CampaignId} from "./CampaignId.sol";

/// @notice What a campaign knows of a member, in one word. From the lowest bit up:
///
/// | bits    | what                                                              |
/// |---------|-------------------------------------------------------------------|
/// | 0–199   | progress, which means something only to the campaign's rule       |
/// | 200–247 | points that the campaign has paid, less those taken back          |
/// | 248–255 | flags, see `Constants`                                            |
type MemberWord is uint256;

/// @notice Whose word it is: the account in the lower 160 bits, the campaign above.
type MemberKey is uint256;

using {progress, paid, flags, has, with, changed, differs as !=} for MemberWord global;
using {campaign, member, standing} for MemberKey global;

uint256 constant PAID_MASK = 0xFFFFFFFFFFFF;
uint256 constant PROGRESS_MASK = (1 << PROGRESS_BITS) - 1;
uint256 constant FLAGS_SHIFT = PROGRESS_BITS + 48;

/// @notice Key of the word of `member_` in `campaign_`.
function memberKey(CampaignId campaign_, address member_) pure returns (MemberKey) {
    return MemberKey.wrap((uint256(CampaignId.unwrap(campaign_)) << 160) | uint160(member_));
}

function campaign(MemberKey key) pure returns (CampaignId) {
    return CampaignId.wrap(uint32(MemberKey.unwrap(key) >> 160));
}

function member(MemberKey key) pure returns (address) {
    return address(uint160(MemberKey.unwrap(key)));
}

/// @notice Progress and the campaign's number above it, as `ICampaignBook.Progressed` has it.
function standing(MemberKey key, uint256 progress_) pure returns (uint256) {
    return (MemberKey.unwrap(key) >> 160 << PROGRESS_BITS) | progress_;
}

function progress(MemberWord word) pure returns (uint256) {
    return MemberWord.unwrap(word) & PROGRESS_MASK;
}

/// @notice Points paid, less those taken back.
function paid(MemberWord word) pure returns (uint256) {
    return (MemberWord.unwrap(word) >> PROGRESS_BITS) & PAID_MASK;
}

function flags(MemberWord word) pure returns (uint256) {
    return MemberWord.unwrap(word) >> FLAGS_SHIFT;
}

function has(MemberWord word, uint256 flag) pure returns (bool) {
    return flags(word) & flag != 0;
}

function with(MemberWord word, uint256 flag) pure returns (MemberWord) {
    return MemberWord.wrap(MemberWord.unwrap(word) | (flag << FLAGS_SHIFT));
}

/// @dev Warning: the caller makes sure that progress has 200 bits, and points 48.
function changed(MemberWord word, uint256 progress_, uint256 paid_) pure returns (MemberWord) {
    return MemberWord.wrap((flags(word) << FLAGS_SHIFT) | (paid_ << PROGRESS_BITS) | progress_);
}

function differs(MemberWord word, MemberWord other) pure returns (bool) {
    return MemberWord.unwrap(word) != MemberWord.unwrap(other);
}
