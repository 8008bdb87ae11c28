// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Width of one lot, in bits.
uint256 constant LOT_BITS = 48;

/// @dev Lots in one account; the longest validity, in epochs.
uint256 constant LOT_COUNT = 4;

/// @dev Most points in one lot of one account, and in one epoch of the whole coalition.
uint256 constant LOT_MAX = 0xFFFFFFFFFFFF;

/// @dev Most points that the campaign book gives for one purchase, over all accounts. A purchase that it is to hear of is accepted
/// only if the epoch's supply has room for these beside the base points.
uint256 constant AWARDS_MAX = 0x7FFFFFFFFFFF;

/// @dev Largest spend of one purchase, in minor units.
uint256 constant SPEND_MINOR_MAX = 0xFFFFFFFFFFFF;

/// @dev Whole, in basis points.
uint256 constant BPS = 10_000;

/// @dev Highest base earn rate, in basis points of a point per minor unit: 100 points per minor unit.
uint256 constant EARN_RATE_BPS_MAX = 1_000_000;

/// @dev Most operations in one transaction.
uint256 constant BATCH_MAX = 500;

/// @dev Receipts that share a word.
uint256 constant RECEIPT_BITS = 32;

/// @dev Longest hold, in seconds.
uint256 constant HOLD_SECONDS_MAX = 30 days;

/// @dev Shortest epoch, in seconds: 24 bits of them last some 1,900 years.
uint256 constant EPOCH_SECONDS_MIN = 1 hours;

/// @dev Gas that a contract account may use to check a signature (ERC-1271).
uint256 constant ERC1271_GAS = 100_000;

/// @dev Flags of an account.
uint256 constant FLAG_ENROLLED = 1;
uint256 constant FLAG_INDEBTED = 2;
uint256 constant FLAG_KEY_CHANGED = 4;

/// @dev Flags of the coalition's own word: the ledger is paused; a batch is under way and the campaign book is asked; the
/// campaign book wants to hear of purchases.
uint256 constant FLAG_PAUSED = 1;
uint256 constant FLAG_BUSY = 2;
uint256 constant FLAG_LISTENED = 4;

/// @dev Bits of progress that a rule has for one campaign and member.
uint256 constant PROGRESS_BITS = 200;

/// @dev Gas that a rule may use for one answer.
uint256 constant RULE_GAS = 60_000;

/// @dev Most words of a rule's terms.
uint256 constant RULE_TERMS_MAX = 128;

/// @dev Most campaigns open at one partner.
uint256 constant CAMPAIGNS_MAX = 32;

/// @dev Most sponsors of a campaign, and most partners that take part in one.
uint256 constant CAMPAIGN_PARTNERS_MAX = 64;

/// @dev Most versions of a campaign.
uint256 constant VERSIONS_MAX = 0xFFFF;

/// @dev Largest budget of a campaign, in points: 32 of them together cannot overflow a lot.
uint256 constant BUDGET_MAX = 0xFFFFFFFFFF;

/// @dev Time in seconds after a campaign in which it can still be claimed from, and seeds can be revealed.
uint256 constant CLAIM_SECONDS = 30 days;

/// @dev Time in seconds after a campaign in which its sponsors reveal their seeds.
uint256 constant REVEAL_SECONDS = 7 days;

/// @dev Says that no sponsor may end a campaign early.
uint256 constant NEVER_EARLY = 0xFFFFFFFF;

/// @dev Flags of a campaign.
uint256 constant CAMPAIGN_PAUSED = 1;
uint256 constant CAMPAIGN_NEEDS_JOINING = 2;
uint256 constant CAMPAIGN_TAKES_WHOLE = 4;
uint256 constant CAMPAIGN_DRAWS = 8;
uint256 constant CAMPAIGN_CLOSED = 16;
uint256 constant CAMPAIGN_OPT_IN = 32;
uint256 constant CAMPAIGN_PAUSABLE = 64;

/// @dev Flags of a member in a campaign.
uint256 constant MEMBER_JOINED = 1;
uint256 constant MEMBER_REFERRED = 2;

/// @dev Days of a membership year.
uint256 constant MEMBERSHIP_YEAR_DAYS = 365;

/// @dev Most tiers of a programme.
uint256 constant TIER_COUNT_MAX = 16;

/// @dev Highest multiplier of a tier, in basis points: seven times.
uint256 constant TIER_MULTIPLIER_BPS_MAX = 70_000;

/// @dev Most that a member's qualification of one year counts, in points and in minor units.
uint256 constant QUALIFICATION_MAX = 0xFFFFFFFFFFFF;

/// @dev Longest soft landing, in days: it ends before the membership year does.
uint256 constant SOFT_LANDING_DAYS_MAX = 364;

/// @dev Latest end of a paid tier, in hours since 1970: 24 bits of them.
uint256 constant FLOOR_HOURS_MAX = 0xFFFFFF;

/// @dev Badges of one account that share a word.
uint256 constant BADGES_PER_GROUP = 240;
