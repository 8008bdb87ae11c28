// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignId} from "../types/CampaignId.sol";
import {PartnerId} from "../types/PartnerId.sol";
import {Sponsor, Terms} from "../types/Terms.sol";

/// @title What the sponsors of campaigns agree on
/// @notice Terms are proposed, and approved by each sponsor's key; what every sponsor approved, the campaign book can start.
interface ICampaignAgreements {
    /// @notice The contract came to be.
    // slither-disable-next-line unindexed-event-address
    event CampaignAgreementsOpened(address registry);

    /// @notice A kind of campaign may be used in terms from now on.
    event RuleListed(address indexed rule, bytes32 codeHash);

    /// @notice A kind may not be used in terms to start any more; campaigns that run with it go on.
    event RuleDelisted(address indexed rule);

    /// @notice Terms were put to the sponsors.
    event CampaignProposed(
        CampaignId indexed campaign, uint256 indexed version, bytes32 indexed termsHash, PartnerId by, Terms terms
    );

    /// @notice A sponsor agreed to the terms of this hash, and may be counted on until then.
    event TermsApproved(
        CampaignId indexed campaign, bytes32 indexed termsHash, PartnerId indexed partner, uint256 approvedUntil
    );

    /// @notice A sponsor committed to a seed.
    event SeedCommitted(CampaignId indexed campaign, PartnerId indexed partner, bytes32 commitment);

    error RuleNotListed(address rule);
    error RuleWithoutCode(address rule);
    error RuleTermsTooMany(uint256 count, uint256 most);
    error CampaignUnknown(CampaignId campaign);
    error SponsorsInvalid(uint256 count);
    error SponsorsNotRising(PartnerId partner);
    error SharesInvalid(uint256 sharesBps);
    error PartnersInvalid(uint256 count);
    error PartnersNotRising(PartnerId partner);
    error PartnerNotKnown(PartnerId partner);
    error WindowInvalid(uint256 opensAt, uint256 closesAt);
    error WindowTooSoon(uint256 opensAt, uint256 earliest);
    error BudgetInvalid(uint256 budgetPoints, uint256 least, uint256 most);
    error TiersNone();
    error NotSponsor(CampaignId campaign, PartnerId partner);
    error TermsUnknown(CampaignId campaign, uint256 version, bytes32 termsHash);
    error TermsFixed(CampaignId campaign);
    error VersionsTooMany(CampaignId campaign, uint256 most);
    error ApprovalTooShort(uint256 approvedUntil);
    error ApprovalMissing(PartnerId sponsor);
    error ApprovalExpired(PartnerId sponsor, uint256 approvedUntil);
    error SeedCommittedAlready(CampaignId campaign, PartnerId partner);
    error SeedZero(CampaignId campaign, PartnerId partner);
    error SeedMissing(CampaignId campaign, PartnerId partner);

    /// @notice Allows a kind of campaign. For the operator. Reverts with `RuleWithoutCode`.
    /// @dev The rule's code is remembered: should it ever change, the rule counts as one that does not answer.
    function listRule(address rule) external;

    /// @notice Allows a kind no longer. For the operator. Reverts with `RuleNotListed`.
    function delistRule(address rule) external;

    /// @notice Puts terms to the sponsors. For a key of one of them.
    /// @dev Reverts with what is wrong with the terms, the rule's own errors included, or `NotSponsor`.
    function propose(Terms calldata terms) external returns (CampaignId campaign);

    /// @notice Puts changed terms of a campaign to its sponsors. For a key of one of them. Rule, sponsors, shares, partners,
    /// consent, taking back and drawing stay what they are (`TermsFixed`): for others, propose another campaign. Progress goes on,
    /// and who has joined stays in.
    /// @dev Reverts as `propose` does, or with `CampaignUnknown`, `TermsFixed` or `VersionsTooMany`.
    function amend(CampaignId campaign, Terms calldata terms) external returns (uint256 version);

    /// @notice Agrees to exactly these terms. For a key of a sponsor.
    /// @param until Unix time in seconds after which the approval no longer lets the campaign start.
    /// @dev Reverts with `TermsUnknown`, `NotSponsor` or `ApprovalTooShort`.
    function approve(CampaignId campaign, uint256 version, bytes32 termsHash, uint256 until) external;

    /// @notice Commits to a seed, which a campaign that draws needs before it starts: keccak256(abi.encode(campaign, partner, seed)). For a
    /// sponsor's key.
    function commitSeed(CampaignId campaign, bytes32 commitment) external;

    /// @notice Hash that sponsors approve: keccak256(abi.encode(chain id, this contract, campaign, version, terms)).
    function hashOf(CampaignId campaign, uint256 version, Terms calldata terms) external view returns (bytes32);

    /// @notice Campaigns proposed so far; their numbers are 1 to this.
    function campaignCount() external view returns (uint256);

    /// @notice Versions proposed of a campaign.
    function versionCount(CampaignId campaign) external view returns (uint256);

    /// @notice Hash of the terms of a version; 0 if it was never proposed.
    function termsHashOf(CampaignId campaign, uint256 version) external view returns (bytes32);

    /// @notice Unix time in seconds until which a sponsor's approval counts; 0 if there is none.
    function approvedUntil(bytes32 termsHash, PartnerId sponsor) external view returns (uint256);

    /// @notice What a sponsor committed to; 0 if nothing, or if it was shown.
    function commitmentOf(CampaignId campaign, PartnerId sponsor) external view returns (bytes32);

    /// @notice Hash of a listed rule's code; 0 if it is not listed.
    function ruleCodeHashOf(address rule) external view returns (bytes32);

    /// @notice Reverts unless every sponsor approved these terms and still stands by it, and, where the campaign draws, committed
    /// to a seed.
    /// @dev Reverts with `TermsUnknown`, `RuleNotListed`, `ApprovalMissing`, `ApprovalExpired` or `SeedMissing`.
    /// @return codeHash hash of the rule's code, as it was listed.
    function agreed(CampaignId campaign, uint256 version, bytes32 termsHash, address rule, bool draws)
        external
        view
        returns (bytes32 codeHash);

    /// @notice Who pays for a campaign, by rising number; empty if it is unknown.
    function sponsorsOf(CampaignId campaign) external view returns (Sponsor[] memory);

    /// @notice The sponsor of a campaign for which `key` may sign now. Reverts with `CampaignUnknown`, `NotSponsor`, or as
    /// `PartnerRegistry.posting` does.
    function sponsorFor(CampaignId campaign, address key) external view returns (PartnerId partner);
}
