// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ICampaignAgreements} from "./interfaces/ICampaignAgreements.sol";
import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {IRule} from "./interfaces/IRule.sol";
import {BPS, BUDGET_MAX, CAMPAIGN_PARTNERS_MAX, RULE_TERMS_MAX, VERSIONS_MAX} from "./libraries/Constants.sol";
import {TermsHash} from "./libraries/TermsHash.sol";
import {CampaignId} from "./types/CampaignId.sol";
import {PartnerId} from "./types/PartnerId.sol";
import {Sponsor, Terms} from "./types/Terms.sol";

/// @title What sponsors agree on
/// @dev Assumes that block times are right to within seconds. Warning: a partner's key approves in the partner's name; a stolen
/// one is stopped by `PartnerRegistry.revokeKey`, and a campaign costs its sponsors no more than its budget.
contract CampaignAgreements is ICampaignAgreements, AccessManaged {
    /// @notice Register of the partners.
    IPartnerRegistry public immutable registry;

    /// @inheritdoc ICampaignAgreements
    uint256 public campaignCount;

    /// @inheritdoc ICampaignAgreements
    mapping(CampaignId => uint256) public versionCount;

    /// @inheritdoc ICampaignAgreements
    mapping(CampaignId => mapping(uint256 version => bytes32)) public termsHashOf;

    /// @inheritdoc ICampaignAgreements
    mapping(bytes32 termsHash => mapping(PartnerId => uint256)) public approvedUntil;

    /// @inheritdoc ICampaignAgreements
    mapping(CampaignId => mapping(PartnerId => bytes32)) public commitmentOf;

    /// @inheritdoc ICampaignAgreements
    mapping(address rule => bytes32) public ruleCodeHashOf;

    mapping(CampaignId => Sponsor[]) private _sponsors;
    mapping(CampaignId => bytes32) private _fixedHash;

    /// @param manager the `AccessManager` that knows the roles.
    /// @param registry_ register of the partners.
    constructor(address manager, IPartnerRegistry registry_) AccessManaged(manager) {
        registry = registry_;

        emit CampaignAgreementsOpened(address(registry_));
    }

    /// @inheritdoc ICampaignAgreements
    function listRule(address rule) external restricted {
        require(rule.code.length > 0, RuleWithoutCode(rule));

        ruleCodeHashOf[rule] = rule.codehash;

        emit RuleListed(rule, rule.codehash);
    }

    /// @inheritdoc ICampaignAgreements
    function delistRule(address rule) external restricted {
        require(ruleCodeHashOf[rule] != 0, RuleNotListed(rule));

        delete ruleCodeHashOf[rule];

        emit RuleDelisted(rule);
    }

    /// @inheritdoc ICampaignAgreements
    function propose(Terms calldata terms) external returns (CampaignId campaign) {
        _checkSponsors(terms);
        campaign = CampaignId.wrap(uint32(++campaignCount));
        _fixedHash[campaign] = _hashFixed(terms);
        for (uint256 i = 0; i < terms.sponsors.length; ++i) {
            _sponsors[campaign].push(terms.sponsors[i]);
        }
        // slither-disable-next-line unused-return
        _propose(campaign, terms);
    }

    /// @inheritdoc ICampaignAgreements
    function amend(CampaignId campaign, Terms calldata terms) external returns (uint256 version) {
        require(versionCount[campaign] != 0, CampaignUnknown(campaign));
        require(_fixedHash[campaign] == _hashFixed(terms), TermsFixed(campaign));

        return _propose(campaign, terms);
    }

    /// @inheritdoc ICampaignAgreements
    function approve(CampaignId campaign, uint256 version, bytes32 termsHash, uint256 until) external {
        _requireProposed(campaign, version, termsHash);
        PartnerId partner = sponsorFor(campaign, msg.sender);
        require(until >= block.timestamp, ApprovalTooShort(until));

        approvedUntil[termsHash][partner] = until;

        emit TermsApproved(campaign, termsHash, partner, until);
    }

    /// @inheritdoc ICampaignAgreements
    function commitSeed(CampaignId campaign, bytes32 commitment) external {
        PartnerId partner = sponsorFor(campaign, msg.sender);
        require(commitment != 0, SeedZero(campaign, partner));
        require(commitmentOf[campaign][partner] == 0, SeedCommittedAlready(campaign, partner));

        commitmentOf[campaign][partner] = commitment;

        emit SeedCommitted(campaign, partner, commitment);
    }

    /// @inheritdoc ICampaignAgreements
    function agreed(CampaignId campaign, uint256 version, bytes32 termsHash, address rule, bool draws)
        external
        view
        returns (bytes32 codeHash)
    {
        _requireProposed(campaign, version, termsHash);
        codeHash = ruleCodeHashOf[rule];
        require(codeHash != 0, RuleNotListed(rule));
        Sponsor[] storage sponsors = _sponsors[campaign];
        for (uint256 i = 0; i < sponsors.length; ++i) {
            PartnerId sponsor = sponsors[i].partner;
            uint256 until = approvedUntil[termsHash][sponsor];
            require(until != 0, ApprovalMissing(sponsor));
            require(until >= block.timestamp, ApprovalExpired(sponsor, until));
            require(!draws || commitmentOf[campaign][sponsor] != 0, SeedMissing(campaign, sponsor));
        }
    }

    /// @inheritdoc ICampaignAgreements
    function sponsorsOf(CampaignId campaign) external view returns (Sponsor[] memory) {
        return _sponsors[campaign];
    }

    /// @inheritdoc ICampaignAgreements
    function sponsorFor(CampaignId campaign, address key) public view returns (PartnerId partner) {
        // slither-disable-next-line unused-return
        (partner,) = registry.posting(key);
        Sponsor[] storage sponsors = _sponsors[campaign];
        require(sponsors.length > 0, CampaignUnknown(campaign));
        for (uint256 i = 0; i < sponsors.length; ++i) {
            if (PartnerId.unwrap(sponsors[i].partner) == PartnerId.unwrap(partner)) return partner;
        }
        revert NotSponsor(campaign, partner);
    }

    /// @inheritdoc ICampaignAgreements
    function hashOf(CampaignId campaign, uint256 version, Terms calldata terms) public view returns (bytes32) {
        return TermsHash.hash(address(this), campaign, version, terms);
    }

    function _propose(CampaignId campaign, Terms calldata terms) private returns (uint256 version) {
        _check(terms);
        PartnerId by = sponsorFor(campaign, msg.sender);

        version = versionCount[campaign] + 1;
        require(version <= VERSIONS_MAX, VersionsTooMany(campaign, VERSIONS_MAX));

        versionCount[campaign] = version;
        bytes32 termsHash = hashOf(campaign, version, terms);
        termsHashOf[campaign][version] = termsHash;

        emit CampaignProposed(campaign, version, termsHash, by, terms);

        IRule(terms.rule).check(terms.ruleTerms);
    }

    function _check(Terms calldata terms) private view {
        require(ruleCodeHashOf[terms.rule] != 0, RuleNotListed(terms.rule));
        uint256 words = terms.ruleTerms.length;
        require(words <= RULE_TERMS_MAX, RuleTermsTooMany(words, RULE_TERMS_MAX));
        _checkPartners(terms);
        require(terms.opensAt < terms.closesAt, WindowInvalid(terms.opensAt, terms.closesAt));
        require(terms.opensAt >= block.timestamp, WindowTooSoon(terms.opensAt, block.timestamp));
        uint256 budget = terms.budgetPoints;
        require(budget > 0 && budget <= BUDGET_MAX, BudgetInvalid(budget, 1, BUDGET_MAX));
        require(terms.tierMask != 0, TiersNone());
    }

    function _checkSponsors(Terms calldata terms) private view {
        uint256 count = terms.sponsors.length;
        require(count > 0 && count <= CAMPAIGN_PARTNERS_MAX, SponsorsInvalid(count));
        uint256 shares = 0;
        uint256 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            PartnerId partner = terms.sponsors[i].partner;
            require(PartnerId.unwrap(partner) > last, SponsorsNotRising(partner));
            last = PartnerId.unwrap(partner);
            shares += terms.sponsors[i].shareBps;
        }
        require(shares == BPS, SharesInvalid(shares));
        _requireKnown(last);
    }

    function _checkPartners(Terms calldata terms) private view {
        uint256 count = terms.partners.length;
        require(count > 0 && count <= CAMPAIGN_PARTNERS_MAX, PartnersInvalid(count));
        uint256 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 partner = PartnerId.unwrap(terms.partners[i]);
            require(partner > last, PartnersNotRising(terms.partners[i]));
            last = partner;
        }
        _requireKnown(last);
    }

    function _requireKnown(uint256 partner) private view {
        require(partner <= registry.partnerCount(), PartnerNotKnown(PartnerId.wrap(uint32(partner))));
    }

    function _hashFixed(Terms calldata terms) private pure returns (bytes32) {
        return keccak256(
            abi.encode(terms.rule, terms.sponsors, terms.partners, terms.optIn, terms.takesBackWhole, terms.draws)
        );
    }

    function _requireProposed(CampaignId campaign, uint256 version, bytes32 termsHash) private view {
        bool known = termsHash != 0 && termsHashOf[campaign][version] == termsHash;
        require(known, TermsUnknown(campaign, version, termsHash));
    }
}
