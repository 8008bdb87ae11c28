// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICampaignAgreements} from "./interfaces/ICampaignAgreements.sol";
import {ICampaignBook} from "./interfaces/ICampaignBook.sol";
import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {
    BPS,
    CAMPAIGN_CLOSED,
    CAMPAIGN_DRAWS,
    CAMPAIGN_NEEDS_JOINING,
    CAMPAIGN_OPT_IN,
    CAMPAIGN_PAUSABLE,
    CAMPAIGN_PAUSED,
    CAMPAIGN_TAKES_WHOLE,
    CAMPAIGNS_MAX,
    CLAIM_SECONDS,
    NEVER_EARLY
} from "./libraries/Constants.sol";
import {TermsHash} from "./libraries/TermsHash.sol";
import {WordStore} from "./libraries/WordStore.sol";
import {CampaignId} from "./types/CampaignId.sol";
import {OpenList} from "./types/OpenList.sol";
import {PartnerId} from "./types/PartnerId.sol";
import {Sponsor, Terms} from "./types/Terms.sol";

/// @title Life of a campaign
/// @notice Starting, changing, pausing, ending and closing, and the reserving of budgets.
abstract contract CampaignLife is ICampaignBook {
    /// @notice Register of the partners.
    IPartnerRegistry public immutable registry;

    /// @notice What the sponsors agreed on.
    ICampaignAgreements public immutable agreements;

    /// @inheritdoc ICampaignBook
    mapping(PartnerId => uint256) public reservedPointsOf;

    mapping(CampaignId => Campaign) internal _live;
    mapping(CampaignId => Campaign) private _next;
    mapping(CampaignId => mapping(uint256 version => uint256 place)) internal _ruleTerms;
    mapping(CampaignId => PartnerId[]) internal _partners;
    mapping(PartnerId => OpenList) internal _openAt;

    constructor(IPartnerRegistry registry_, ICampaignAgreements agreements_) {
        registry = registry_;
        agreements = agreements_;
    }

    /// @inheritdoc ICampaignBook
    function start(CampaignId campaign, uint256 version, Terms calldata terms) external {
        bytes32 termsHash = TermsHash.hashOfLast(address(agreements), campaign, version, terms);
        bytes32 codeHash = agreements.agreed(campaign, version, termsHash, terms.rule, terms.draws);

        // slither-disable-next-line unused-return
        (Campaign storage live, uint256 running,) = _current(campaign);
        if (running == 0) {
            _startFirst(campaign, terms);
        } else {
            _startNext(campaign, version, terms, live);
            live = _next[campaign];
        }
        uint256 place = WordStore.write(codeHash, terms.ruleTerms);
        _ruleTerms[campaign][version] = place;
        live.window = Window(terms.rule, terms.opensAt, terms.closesAt, terms.group, _flagsOf(terms));
        live.purse = Purse({
            budget: terms.budgetPoints,
            paid: 0,
            memberCap: terms.memberCapPoints,
            tierMask: terms.tierMask,
            version: uint16(version),
            agreedUntil: terms.closesAt,
            nextFrom: 0
        });
        live.termsHash = termsHash;
        live.codeHash = codeHash;
        live.ruleTerms = place;
        live.segment = terms.segment;
        live.attestor = terms.attestor;
        live.endNoticeSeconds = terms.endNoticeSeconds;

        emit CampaignStarted(campaign, version, termsHash, terms.opensAt);

        listen();
    }

    /// @inheritdoc ICampaignBook
    function pauseCampaign(CampaignId campaign) external {
        Campaign storage live = _requireStarted(campaign);
        PartnerId by = agreements.sponsorFor(campaign, msg.sender);
        require(live.window.flags & CAMPAIGN_PAUSABLE != 0, CampaignNotPausable(campaign));
        require(live.window.flags & CAMPAIGN_PAUSED == 0, CampaignPauseUnchanged(campaign, true));

        live.window.flags |= uint8(CAMPAIGN_PAUSED);

        emit CampaignPaused(campaign, by);
    }

    /// @inheritdoc ICampaignBook
    function resumeCampaign(CampaignId campaign) external {
        Campaign storage live = _requireStarted(campaign);
        PartnerId by = agreements.sponsorFor(campaign, msg.sender);
        require(live.window.flags & CAMPAIGN_PAUSED != 0, CampaignPauseUnchanged(campaign, false));

        live.window.flags ^= uint8(CAMPAIGN_PAUSED);

        emit CampaignResumed(campaign, by);
    }

    /// @inheritdoc ICampaignBook
    function endCampaign(CampaignId campaign) external {
        Campaign storage live = _requireStarted(campaign);
        PartnerId by = agreements.sponsorFor(campaign, msg.sender);
        require(live.endNoticeSeconds != NEVER_EARLY, CampaignNeverEndsEarly(campaign));
        uint256 closesAt = block.timestamp + live.endNoticeSeconds;
        require(closesAt < live.window.closesAt, CampaignOver(campaign, live.window.closesAt));
        _requireNothingPending(campaign, live);

        live.window.closesAt = uint40(closesAt);

        emit CampaignEnded(campaign, by, closesAt);
    }

    /// @inheritdoc ICampaignBook
    function close(CampaignId campaign) external {
        Campaign storage live = _requireStarted(campaign);
        require(live.window.flags & CAMPAIGN_CLOSED == 0, CampaignAlreadyClosed(campaign));
        uint256 until = live.window.closesAt + CLAIM_SECONDS;
        require(until <= block.timestamp, CampaignNotOver(campaign, until));
        _requireNothingPending(campaign, live);

        live.window.flags |= uint8(CAMPAIGN_CLOSED);
        Purse memory purse = live.purse;
        Sponsor[] memory sponsors = agreements.sponsorsOf(campaign);
        for (uint256 i = 0; i < sponsors.length; ++i) {
            reservedPointsOf[sponsors[i].partner] -= _shareUp(purse.budget, sponsors[i].shareBps);
        }
        PartnerId[] storage partners = _partners[campaign];
        for (uint256 i = 0; i < partners.length; ++i) {
            _openAt[partners[i]].remove(campaign);
        }

        emit CampaignClosed(campaign, purse.paid, purse.budget - purse.paid);
    }

    /// @inheritdoc ICampaignBook
    function listen() public virtual;

    /// @inheritdoc ICampaignBook
    function campaignOf(CampaignId campaign) external view returns (Campaign memory) {
        return _live[campaign];
    }

    /// @inheritdoc ICampaignBook
    function nextOf(CampaignId campaign) external view returns (Campaign memory) {
        return _next[campaign];
    }

    /// @inheritdoc ICampaignBook
    function openAt(PartnerId partner) external view returns (uint32[] memory campaigns) {
        return _openAt[partner].all();
    }

    /// @dev A campaign as it is now: a version whose time has come takes over. What was paid, and a pause, stay.
    function _current(CampaignId campaign)
        internal
        returns (Campaign storage live, uint256 version, uint256 tierMask)
    {
        live = _live[campaign];
        uint256 nextFrom;
        (nextFrom, version, tierMask) = (live.purse.nextFrom, live.purse.version, live.purse.tierMask);
        unchecked {
            // no time is 0, less 1 the largest number
            if (nextFrom - 1 >= block.timestamp) return (live, version, tierMask);
        }

        uint48 paid = live.purse.paid;
        uint8 paused = live.window.flags & uint8(CAMPAIGN_PAUSED);
        _live[campaign] = _next[campaign];
        live.purse.paid = paid;
        live.window.flags |= paused;
        delete _next[campaign];
        (version, tierMask) = (live.purse.version, live.purse.tierMask);

        emit CampaignTurnedOver(campaign, version, live.termsHash);
    }

    function _shareUp(uint256 points, uint256 shareBps) private pure returns (uint256) {
        return (points * shareBps + BPS - 1) / BPS;
    }

    /// @dev A campaign whose time is over gives its place to another.
    function _add(PartnerId partner, CampaignId campaign) private {
        OpenList storage open = _openAt[partner];
        uint256 count = open.count();
        for (uint256 i = 0; i < count; ++i) {
            Campaign storage other = _live[open.campaignAt(i)];
            if (other.window.closesAt <= block.timestamp && other.purse.nextFrom == 0) {
                open.set(i, campaign);
                return;
            }
        }
        require(count < CAMPAIGNS_MAX, PartnerFull(partner, CAMPAIGNS_MAX));
        open.push(campaign);
    }

    function _flagsOf(Terms calldata terms) private pure returns (uint8 flags) {
        if (terms.segment != 0 || terms.optIn) flags |= uint8(CAMPAIGN_NEEDS_JOINING);
        if (terms.optIn) flags |= uint8(CAMPAIGN_OPT_IN);
        if (terms.takesBackWhole) flags |= uint8(CAMPAIGN_TAKES_WHOLE);
        if (terms.draws) flags |= uint8(CAMPAIGN_DRAWS);
        if (terms.pausable) flags |= uint8(CAMPAIGN_PAUSABLE);
    }

    function _startFirst(CampaignId campaign, Terms calldata terms) private {
        require(terms.opensAt >= block.timestamp, StartTooLate(terms.opensAt, block.timestamp));

        _reserve(terms, 0);
        _partners[campaign] = terms.partners;
        for (uint256 i = 0; i < terms.partners.length; ++i) {
            _add(terms.partners[i], campaign);
        }
    }

    /// @dev It takes over before the one that runs would close: a campaign never ends twice.
    function _startNext(CampaignId campaign, uint256 version, Terms calldata terms, Campaign storage live) private {
        Purse memory purse = live.purse;
        require(version > purse.version, VersionNotNext(campaign, version));
        _requireNothingPending(campaign, live);
        require(terms.opensAt < live.window.closesAt, CampaignOver(campaign, live.window.closesAt));
        uint256 earliest = block.timestamp + registry.noticeSeconds();
        require(terms.opensAt >= earliest, StartTooLate(terms.opensAt, earliest));
        require(terms.budgetPoints >= purse.budget, BudgetTooSmall(terms.budgetPoints, purse.budget));

        _reserve(terms, purse.budget);
        live.purse.nextFrom = terms.opensAt;
    }

    /// @dev Reserves a budget in place of one that was reserved before.
    function _reserve(Terms calldata terms, uint256 before) private {
        for (uint256 i = 0; i < terms.sponsors.length; ++i) {
            PartnerId sponsor = terms.sponsors[i].partner;
            uint256 share = terms.sponsors[i].shareBps;
            uint256 reserved =
                reservedPointsOf[sponsor] + _shareUp(terms.budgetPoints, share) - _shareUp(before, share);
            uint256 limit = registry.partnerOf(sponsor).creditLimitPoints;
            require(limit == 0 || reserved <= limit, CreditExceeded(sponsor, reserved, limit));
            reservedPointsOf[sponsor] = reserved;
        }
    }

    function _requireNothingPending(CampaignId campaign, Campaign storage live) private view {
        require(live.purse.nextFrom == 0, VersionPending(campaign, _next[campaign].purse.version));
    }

    function _requireStarted(CampaignId campaign) internal returns (Campaign storage live) {
        uint256 version;
        // slither-disable-next-line unused-return
        (live, version,) = _current(campaign);
        require(version != 0, CampaignNotStarted(campaign));
    }
}
