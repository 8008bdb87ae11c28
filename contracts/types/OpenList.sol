// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignId} from "./CampaignId.sol";

/// @notice Campaigns at one partner, 8 numbers of 32 bits to a word: their count, and then they. Up to 7 are one word, so that a
/// purchase reads them at once.
struct OpenList {
    uint256[5] words;
}

using {count, campaignAt, all, set, push, remove} for OpenList global;

/// @notice Number of campaigns.
function count(OpenList storage list) view returns (uint256) {
    return uint32(list.words[0]);
}

/// @notice The campaign at `index`, from 0.
function campaignAt(OpenList storage list, uint256 index) view returns (CampaignId) {
    return CampaignId.wrap(uint32(list.words[(index + 1) / 8] >> (32 * ((index + 1) % 8))));
}

/// @notice All of them.
function all(OpenList storage list) view returns (uint32[] memory campaigns) {
    campaigns = new uint32[](count(list));
    for (uint256 i = 0; i < campaigns.length; ++i) {
        campaigns[i] = CampaignId.unwrap(campaignAt(list, i));
    }
}

/// @dev Puts a campaign in the place of another.
function set(OpenList storage list, uint256 index, CampaignId campaign) {
    _put(list, index + 1, CampaignId.unwrap(campaign));
}

/// @dev Warning: the caller makes sure that there is room.
function push(OpenList storage list, CampaignId campaign) {
    set(list, count(list), campaign);
    ++list.words[0];
}

/// @dev The last one takes the place of the one that goes; nothing happens if it is not there.
function remove(OpenList storage list, CampaignId campaign) {
    uint256 last = count(list);
    for (uint256 i = 0; i < last; ++i) {
        if (CampaignId.unwrap(campaignAt(list, i)) != CampaignId.unwrap(campaign)) continue;

        set(list, i, campaignAt(list, last - 1));
        _put(list, last, 0);
        --list.words[0];
        return;
    }
}

function _put(OpenList storage list, uint256 place, uint256 number) {
    uint256 shift = 32 * (place % 8);
    uint256 word = list.words[place / 8];
    list.words[place / 8] = (word & ~(uint256(type(uint32).max) << shift)) | (number << shift);
}
