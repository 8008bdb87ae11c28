// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Number of a campaign, counted from 1; 0 is none.
type CampaignId is uint32;
