// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignId} from "../types/CampaignId.sol";
import {PartnerId} from "../types/PartnerId.sol";
import {Terms} from "../types/Terms.sol";

/// @title The coalition's book of campaigns
/// @notice Sponsors agree on terms; from then on the terms run by themselves. Every purchase is weighed in the transaction
/// that posts it, and what it is worth is in the member's balance when the purchase is.
/// @dev Folding the events rebuilds every campaign, approval, budget and progress. A rule is asked with bounded gas; if it
/// fails, that is an event, and the purchase goes on without it.
interface ICampaignBook {
    /// @param rule kind of the campaign; its versions do not change it.
    /// @param opensAt Unix time in seconds from which it counts.
    /// @param closesAt Unix time in seconds from which it no longer counts, an early end considered.
    /// @param group see `Terms`.
    /// @param flags see `Constants`: paused, needs joining, takes back whole, draws, closed, opt-in, pausable.
    struct Window {
        address rule;
        uint40 opensAt;
        uint40 closesAt;
        uint8 group;
        uint8 flags;
    }

    /// @param budget most points that it pays.
    /// @param paid points that it has paid, less those taken back.
    /// @param memberCap most points that it pays one member; 0 for no cap.
    /// @param tierMask tiers that may take part.
    /// @param version version of the terms; 0 if it was never started.
    /// @param agreedUntil the end by the terms, as Unix time in seconds.
    /// @param nextFrom Unix time in seconds at which another version takes over; 0 if none waits. After that time, `nextOf` counts,
    /// with what this one has paid, and its pause.
    struct Purse {
        uint48 budget;
        uint48 paid;
        uint48 memberCap;
        uint16 tierMask;
        uint16 version;
        uint40 agreedUntil;
        uint40 nextFrom;
    }

    /// @param termsHash hash of the terms.
    /// @param codeHash hash of the rule's code, as it was listed.
    /// @param ruleTerms where the rule's terms are, see `WordStore`.
    /// @param segment see `Terms`.
    /// @param attestor see `Terms`.
    /// @param endNoticeSeconds see `Terms`.
    struct Campaign {
        Window window;
        Purse purse;
        bytes32 termsHash;
        bytes32 codeHash;
        uint256 ruleTerms;
        bytes32 segment;
        address attestor;
        uint32 endNoticeSeconds;
    }

    /// @param revealed sponsors that showed their seed.
    /// @param entropy what the seeds shown so far come to.
    struct Seeds {
        uint16 revealed;
        bytes32 entropy;
    }

    /// @param member account that did something.
    /// @param action what it did, a number that the terms give a meaning.
    /// @param id the attestor's own number for it, used once in a campaign.
    struct Attestation {
        address member;
        uint256 action;
        uint256 id;
    }

    /// @param member account that wants to take part.
    /// @param proof path to the segment's root, from the leaf up; empty where the terms have none.
    struct Joining {
        address member;
        bytes32[] proof;
    }

    /// @dev Why an attestation, a claim or a draw came to nothing. The numbers are stable: they stand in events.
    enum Refusal {
        None,
        MemberUnknown,
        IdUsed,
        NotOpen,
        NotEligible
    }

    /// @notice The book came to be.
    // slither-disable-next-line unindexed-event-address
    event CampaignBookOpened(address ledger, address agreements, address tiers, address badges);

    /// @notice Terms that every sponsor approved take effect at `effectiveFrom`.
    event CampaignStarted(
        CampaignId indexed campaign, uint256 indexed version, bytes32 indexed termsHash, uint256 effectiveFrom
    );

    /// @notice A later version took over.
    event CampaignTurnedOver(CampaignId indexed campaign, uint256 indexed version, bytes32 indexed termsHash);

    event CampaignPaused(CampaignId indexed campaign, PartnerId indexed by);
    event CampaignResumed(CampaignId indexed campaign, PartnerId indexed by);

    /// @notice The campaign ends early.
    event CampaignEnded(CampaignId indexed campaign, PartnerId indexed by, uint256 closesAt);

    /// @notice The rest of the budget was released.
    event CampaignClosed(CampaignId indexed campaign, uint256 paidPoints, uint256 releasedPoints);

    /// @notice A member takes part.
    event MemberJoined(CampaignId indexed campaign, address indexed member);

    /// @notice A member was referred by another.
    event MemberReferred(CampaignId indexed campaign, address indexed member, address indexed referrer);

    /// @notice A member's progress changed, with nothing paid.
    /// @param standing the progress in the lower 200 bits, the campaign's number above: one word costs a purchase 375 gas less.
    event Progressed(address indexed member, uint256 standing);

    /// @notice A campaign paid a member, by the terms of this hash. `partner` and `receipt` name the purchase; without one
    /// they are 0 and the attestation's id.
    event Awarded(
        CampaignId indexed campaign,
        address indexed member,
        bytes32 termsHash,
        PartnerId partner,
        uint256 receipt,
        uint256 points,
        uint256 progress
    );

    /// @notice The account that referred `member` was paid, too.
    event CompanionAwarded(
        CampaignId indexed campaign, address indexed companion, address indexed member, bytes32 termsHash, uint256 points
    );

    /// @notice A badge came with it.
    event BadgeAwarded(CampaignId indexed campaign, address indexed member, uint256 badge);

    /// @notice Budget or cap did not allow the whole award.
    event AwardCut(CampaignId indexed campaign, address indexed member, uint256 duePoints, uint256 paidPoints);

    /// @notice Another campaign of the same group paid more: the purchase does not count for this one. `points` is what it would have
    /// paid.
    event AwardOutdone(CampaignId indexed campaign, address indexed member, uint256 points);

    /// @notice An award went back with its purchase.
    event AwardTakenBack(
        CampaignId indexed campaign,
        address indexed member,
        bytes32 termsHash,
        PartnerId partner,
        uint256 receipt,
        uint256 points,
        uint256 progress
    );

    /// @notice What the referrer gave back.
    event CompanionTakenBack(
        CampaignId indexed campaign, address indexed companion, address indexed member, uint256 points
    );

    /// @notice A badge went back.
    event BadgeTakenBack(CampaignId indexed campaign, address indexed member, uint256 badge);

    /// @notice The rule did not answer, or answered nonsense: what happened does not count for this campaign.
    event RuleFailed(CampaignId indexed campaign, address indexed member, PartnerId partner, uint256 receipt);

    /// @notice One entry of a list was refused; nothing of it happened.
    event OccasionRefused(CampaignId indexed campaign, address indexed member, uint256 id, Refusal reason);

    /// @notice One attestation counted.
    event Attested(CampaignId indexed campaign, address indexed member, uint256 action, uint256 id);

    /// @notice A sponsor showed its seed.
    event SeedRevealed(CampaignId indexed campaign, PartnerId indexed partner, bytes32 seed);

    error CallerNotLedger(address caller);
    error CampaignNotStarted(CampaignId campaign);
    error StartTooLate(uint256 opensAt, uint256 earliest);
    error BudgetTooSmall(uint256 budgetPoints, uint256 least);
    error SeedShown(CampaignId campaign, PartnerId partner);
    error VersionNotNext(CampaignId campaign, uint256 version);
    error VersionPending(CampaignId campaign, uint256 version);
    error CampaignOver(CampaignId campaign, uint256 closesAt);
    error CampaignNotOver(CampaignId campaign, uint256 until);
    error CampaignAlreadyClosed(CampaignId campaign);
    error CampaignNotPausable(CampaignId campaign);
    error CampaignPauseUnchanged(CampaignId campaign, bool paused);
    error CampaignNeverEndsEarly(CampaignId campaign);
    error PartnerFull(PartnerId partner, uint256 most);
    error CreditExceeded(PartnerId partner, uint256 reservedPoints, uint256 limitPoints);
    error ListSizeInvalid(uint256 size, uint256 largest);
    error AttestorInvalid(CampaignId campaign, address caller);
    error JoiningNotNeeded(CampaignId campaign);
    error JoiningRefused(CampaignId campaign, address member);
    error ReferralRefused(CampaignId campaign, address member, address referrer);
    error DrawNone(CampaignId campaign);
    error SeedTooLate(CampaignId campaign, uint256 until);
    error SeedInvalid(CampaignId campaign, PartnerId partner);
    error SeedsNotReady(CampaignId campaign, uint256 from);

    /// @notice Starts a version that every sponsor approved, and reserves its budget. For anyone.
    /// @dev The first version must start before it opens; a later one opens at least the registry's notice period after
    /// this call and before the one that runs closes, and takes over when it opens. Reverts as `ICampaignAgreements.agreed` does, and with `StartTooLate`, `BudgetTooSmall`,
    /// `VersionNotNext`, `VersionPending`, `CampaignOver`, `PartnerFull` or `CreditExceeded`.
    function start(CampaignId campaign, uint256 version, Terms calldata terms) external;

    /// @notice Lets the ledger tell of purchases, as the first campaign that starts and the first programme of tiers do. For anyone.
    function listen() external;

    /// @notice Lets nothing count until it is resumed. For a key of a sponsor, where the terms allow it.
    /// @dev A pause ends with the campaign: then claims and draws go on.
    function pauseCampaign(CampaignId campaign) external;

    /// @notice Lets purchases count again. For a key of a sponsor.
    function resumeCampaign(CampaignId campaign) external;

    /// @notice Ends the campaign after the terms' notice. For a key of a sponsor, where the terms allow it.
    function endCampaign(CampaignId campaign) external;

    /// @notice Releases what is left of the budget, 30 days after the campaign's end. For anyone.
    function close(CampaignId campaign) external;

    /// @notice Lets members take part. For anyone who brings the proofs that the terms ask for; where they ask for consent
    /// (`optIn`), for the key of the member alone. Reverts with `JoiningNotNeeded`, `ListSizeInvalid` or `JoiningRefused`.
    function join(CampaignId campaign, Joining[] calldata joinings) external;

    /// @notice Says who referred a new member. For a key of a partner that takes part.
    /// @dev The member was enrolled after the campaign opened and has no progress in it; the referrer was enrolled before the
    /// member, so that nobody refers itself or in a ring. Reverts with `ReferralRefused`.
    function refer(CampaignId campaign, address member, address referrer) external;

    /// @notice Says that members did something. For the attestor that the terms name.
    function attest(CampaignId campaign, Attestation[] calldata attestations) external;

    /// @notice Asks whether the time has come for what the terms promise these members. For anyone.
    function claim(CampaignId campaign, address[] calldata members) external;

    /// @notice Shows the seed, in the seven days after the campaign's end. For a sponsor's key.
    function revealSeed(CampaignId campaign, bytes32 seed) external;

    /// @notice Draws for these members, once all seeds are known or seven days have passed. For anyone.
    function draw(CampaignId campaign, address[] calldata members) external;

    /// @notice A campaign as it was last written; all zero if it was never started.
    function campaignOf(CampaignId campaign) external view returns (Campaign memory);

    /// @notice The version that waits; all zero if there is none.
    function nextOf(CampaignId campaign) external view returns (Campaign memory);

    /// @notice Campaigns that may be open at a partner.
    function openAt(PartnerId partner) external view returns (uint32[] memory campaigns);

    /// @notice A member in a campaign: the rule's progress, points paid less what was taken back, and flags.
    function progressOf(CampaignId campaign, address member)
        external
        view
        returns (uint256 progress, uint256 paidPoints, uint256 flags);

    /// @notice Account that referred a member in a campaign; 0 if none did.
    function referrerOf(CampaignId campaign, address member) external view returns (address);

    /// @notice True if the attestor has used the number.
    function isAttested(CampaignId campaign, uint256 id) external view returns (bool);

    /// @notice True once a sponsor showed its seed.
    function hasRevealed(CampaignId campaign, PartnerId sponsor) external view returns (bool);

    /// @notice How far the draw is.
    function seedsOf(CampaignId campaign) external view returns (Seeds memory);

    /// @notice Points that a sponsor's campaigns have reserved.
    function reservedPointsOf(PartnerId sponsor) external view returns (uint256);

}
