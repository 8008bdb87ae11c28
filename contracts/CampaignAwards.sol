// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignLife} from "./CampaignLife.sol";
import {IBadgeBook} from "./interfaces/IBadgeBook.sol";
import {ICampaignBook} from "./interfaces/ICampaignBook.sol";
import {ICampaignLedger} from "./interfaces/ICampaignLedger.sol";
import {IEarnHook} from "./interfaces/IEarnHook.sol";
import {ITierBook} from "./interfaces/ITierBook.sol";
import {
    BUDGET_MAX,
    CAMPAIGN_NEEDS_JOINING,
    CAMPAIGN_PAUSED,
    CAMPAIGN_TAKES_WHOLE,
    CLAIM_SECONDS,
    MEMBER_JOINED,
    MEMBER_REFERRED,
    PROGRESS_BITS
} from "./libraries/Constants.sol";
import {Question, RuleCall} from "./libraries/RuleCall.sol";
import {Award, NO_AWARD, awardOf} from "./types/Award.sol";
import {CampaignId} from "./types/CampaignId.sol";
import {Occasion} from "./types/Happening.sol";
import {OpenList} from "./types/OpenList.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title Weighing and paying
/// @notice What a purchase is worth in the campaigns open at its partner, and what goes back with it.
/// @dev One word for each campaign and member (`_key`), from the lowest bit up: the rule's progress in 200 bits, points paid less
/// those taken back in 48, flags in 8.
abstract contract CampaignAwards is CampaignLife, IEarnHook {
    /// @dev What one campaign would do about something that happened. `points` is what budget and cap allow of the award.
    struct Candidate {
        CampaignId campaign;
        uint256 group;
        uint256 key;
        uint256 word;
        uint256 next;
        Award award;
        uint256 points;
    }

    /// @dev What the campaigns do about one thing that happened, or about a list of them.
    struct Payment {
        uint256 receipt;
        uint256 awarded;
        uint256[] words;
        uint256 wordCount;
        uint256[] others;
        uint256 otherCount;
    }

    uint256 private constant PAID_MASK = 0xFFFFFFFFFFFF;
    uint256 private constant FLAGS_SHIFT = PROGRESS_BITS + 48;
    uint256 private constant PROGRESS_MASK = (1 << PROGRESS_BITS) - 1;

    /// @notice Book of points that this one pays into.
    ICampaignLedger public immutable ledger;

    /// @notice Book of tiers; zero if there are none.
    ITierBook public immutable tiers;

    /// @notice Book of badges; zero if there are none.
    IBadgeBook public immutable badges;

    /// @inheritdoc ICampaignBook
    mapping(CampaignId => mapping(address member => address)) public referrerOf;

    /// @inheritdoc IEarnHook
    bool public isListening;

    /// @dev Set once there is a programme of tiers: until then, purchases do without a call.
    bool private _hasTiers;

    mapping(uint256 key => uint256) internal _words;
    mapping(CampaignId => mapping(address member => mapping(uint256 badge => bool))) private _gave;

    constructor(ICampaignLedger ledger_, ITierBook tiers_, IBadgeBook badges_) {
        ledger = ledger_;
        tiers = tiers_;
        badges = badges_;
    }

    /// @inheritdoc ICampaignBook
    function listen() public override {
        if (msg.sender == address(tiers) || (address(tiers) != address(0) && tiers.isRunning())) _hasTiers = true;
        if (isListening) return;

        isListening = true;
        ledger.listen();
    }

    /// @inheritdoc IEarnHook
    function isOpenAt(PartnerId partner) external view returns (bool) {
        return _openAt[partner].count() > 0 || (_hasTiers && tiers.isRunning());
    }

    /// @inheritdoc IEarnHook
    function earned(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint48 spendMinor,
        uint48 points,
        uint40 memberSince
    ) external returns (uint256 awarded, bytes32 awards, uint256[] memory others) {
        _requireLedger();
        OpenList storage open = _openAt[partner];
        uint256 ids = open.words[0];
        uint256 count = uint32(ids);
        Payment memory payment = _paymentFor(receipt, count);
        Question memory question = _questionOf(Occasion.Purchase, partner, spendMinor, points, memberSince);
        question.time = block.timestamp;
        if (_hasTiers) _qualify(member, question, payment);

        Candidate memory candidate;
        Candidate[] memory best;
        uint256 groups = 0;
        for (uint256 i = 1; i <= count; ++i) {
            ids = i % 8 == 0 ? open.words[i / 8] : ids >> 32;
            if (_weigh(candidate, CampaignId.wrap(uint32(ids)), member, question, receipt) != Refusal.None) continue;
            if (candidate.group == 0 || candidate.award.isNothing()) {
                _pay(candidate, member, question, payment);
            } else {
                if (groups == 0) best = new Candidate[](count);
                groups = _compete(candidate, best, groups, member);
                candidate = Candidate(CampaignId.wrap(0), 0, 0, 0, 0, NO_AWARD, 0);
            }
        }
        for (uint256 i = 0; i < groups; ++i) {
            _pay(best[i], member, question, payment);
        }

        return (payment.awarded, _hashed(payment), _others(payment));
    }

    /// @inheritdoc IEarnHook
    function takenBack(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256 memberSince,
        uint256[] calldata words,
        uint256 spendBefore,
        uint256 spendAfter
    ) external returns (uint256 taken, uint256[] memory others) {
        _requireLedger();
        Payment memory payment = _paymentFor(receipt, words.length);
        Question memory question = _questionOf(Occasion.Purchase, partner, spendMinor, points, memberSince);
        question.selector = RuleCall.TAKE_BACK;
        question.spendBefore = spendBefore;
        question.spendAfter = spendAfter;

        for (uint256 i = 0; i < words.length; ++i) {
            uint256 word = words[i];
            question.time = (word >> 96) & 0xFFFFFFFFFF;
            question.tier = (word >> 136) & 0xFF;
            question.given = (word >> 48) & PAID_MASK;
            if (uint32(word) == 0) _disqualify(member, question, payment);
            else _takeBack(word, member, question, payment);
        }

        return (payment.awarded, _others(payment));
    }

    /// @inheritdoc ICampaignBook
    function progressOf(CampaignId campaign, address member) external view returns (uint256, uint256, uint256) {
        uint256 word = _words[_key(campaign, member)];
        return (_progress(word), _paid(word), word >> FLAGS_SHIFT);
    }

    /// @dev What a campaign would do, written into `candidate`; nothing is paid or stored yet.
    function _weigh(
        Candidate memory candidate,
        CampaignId campaign,
        address member,
        Question memory question,
        uint256 receipt
    ) internal returns (Refusal) {
        Campaign storage live = _current(campaign);
        (uint256 opensAt, uint256 closesAt, uint256 flags) =
            (live.window.opensAt, live.window.closesAt, live.window.flags);
        Occasion occasion = question.occasion;
        bool isLater = occasion == Occasion.Claim || occasion == Occasion.Draw;
        if (!_isOpen(opensAt, closesAt, flags, isLater)) return Refusal.NotOpen;
        if (live.purse.tierMask & (1 << question.tier) == 0) return Refusal.NotEligible;
        uint256 key = _key(campaign, member);
        uint256 word = _words[key];
        if (flags & CAMPAIGN_NEEDS_JOINING != 0 && !_has(word, MEMBER_JOINED)) return Refusal.NotEligible;

        if (occasion == Occasion.Purchase || occasion == Occasion.Claim) {
            question.subject = _has(word, MEMBER_REFERRED) ? uint160(referrerOf[campaign][member]) : 0;
        }
        question.progress = _progress(word);
        (bool answered, uint256 next, Award award) =
            RuleCall.ask(question, live.window.rule, live.codeHash, live.ruleTerms);
        if (!answered) emit RuleFailed(campaign, member, question.partner, receipt);
        if (!answered || (next == _progress(word) && award.isNothing())) return Refusal.NotEligible;

        candidate.campaign = campaign;
        candidate.group = live.window.group;
        candidate.key = key;
        candidate.word = word;
        candidate.next = next;
        candidate.award = award;
        candidate.points = _allowed(award.points(), live, word);
        return Refusal.None;
    }

    /// @dev A pause ends with the window: nobody can keep from the members what they had earned.
    function _isOpen(uint256 opensAt, uint256 closesAt, uint256 flags, bool isLater) private view returns (bool) {
        if (block.timestamp < opensAt) return false;
        if (block.timestamp < closesAt) return flags & CAMPAIGN_PAUSED == 0;
        return isLater && opensAt < closesAt && block.timestamp < closesAt + CLAIM_SECONDS;
    }

    /// @dev Of the awards in one group, only the largest stays; of equal ones, the first. For the others, the purchase does not
    /// count, so that no progress says that they were paid.
    function _compete(Candidate memory candidate, Candidate[] memory best, uint256 groups, address member)
        private
        returns (uint256)
    {
        uint256 i = 0;
        while (i < groups && best[i].group != candidate.group) ++i;
        if (i == groups) {
            best[i] = candidate;
            return groups + 1;
        }
        Candidate memory outdone = candidate;
        if (candidate.points > best[i].points) (best[i], outdone) = (candidate, best[i]);

        emit AwardOutdone(outdone.campaign, member, outdone.points);
        return groups;
    }

    /// @dev Pays, and writes the member's word.
    function _pay(Candidate memory candidate, address member, Question memory question, Payment memory payment)
        internal
    {
        CampaignId campaign = candidate.campaign;
        Campaign storage live = _live[campaign];
        Award award = candidate.award;
        uint256 paid = candidate.points;
        uint256 told = (question.time << 96) | (question.tier << 136);
        if (Award.unwrap(award) != 0) {
            if (paid > 0) live.purse.paid += uint48(paid);
            told |= paid << 48;
            if (award.companionPoints() > 0) told |= _payCompanion(campaign, award.companionPoints(), member, payment) << 144;
            if (award.badge() != 0) told |= _grant(campaign, member, award.badge()) << 192;
            if (paid < award.points()) emit AwardCut(campaign, member, award.points(), paid);
            payment.awarded += paid;
        }
        uint256 word = _changed(candidate.word, candidate.next, _paid(candidate.word) + paid);
        if (word != candidate.word) _words[candidate.key] = word;

        if (paid > 0) {
            emit Awarded(
                campaign, member, live.termsHash, question.partner, payment.receipt, paid, candidate.next
            );
        } else if (word != candidate.word) {
            emit Progressed(campaign, member, candidate.next);
        }

        payment.words[payment.wordCount++] = CampaignId.unwrap(campaign) | (uint256(live.purse.version) << 32) | told;
    }

    /// @dev The referrer's own cap counts, too.
    function _payCompanion(CampaignId campaign, uint256 due, address member, Payment memory payment)
        private
        returns (uint256 paid)
    {
        address companion = referrerOf[campaign][member];
        if (companion == address(0)) return 0;
        Campaign storage live = _live[campaign];
        uint256 key = _key(campaign, companion);
        uint256 word = _words[key];
        paid = _allowed(due, live, word);
        if (paid < due) emit AwardCut(campaign, companion, due, paid);
        if (paid == 0) return 0;

        live.purse.paid += uint48(paid);
        _words[key] = _changed(word, _progress(word), _paid(word) + paid);
        payment.others[payment.otherCount++] = _packed(companion, paid);

        emit CompanionAwarded(campaign, companion, member, live.termsHash, paid);
    }

    function _allowed(uint256 due, Campaign storage live, uint256 word) private view returns (uint256 paid) {
        if (due == 0) return 0;
        paid = _least(due, _less(live.purse.budget, live.purse.paid));
        uint256 cap = live.purse.memberCap;
        if (cap != 0) paid = _least(paid, _less(cap, _paid(word)));
    }

    /// @dev The badge, or 0 if the member had it. The campaign can later take away what it gave, and no other.
    function _grant(CampaignId campaign, address member, uint256 badge) private returns (uint256) {
        if (address(badges) == address(0) || !badges.grant(member, badge)) return 0;

        _gave[campaign][member][badge] = true;

        emit BadgeAwarded(campaign, member, badge);
        return badge;
    }

    function _withdraw(CampaignId campaign, address member, uint256 badge) private {
        if (!_gave[campaign][member][badge]) return;

        delete _gave[campaign][member][badge];

        emit BadgeTakenBack(campaign, member, badge);

        badges.withdraw(member, badge);
    }

    /// @dev A tier's points have at most as many bits as a campaign's, so that all awards of a purchase fit together.
    function _qualify(address member, Question memory question, Payment memory payment) private {
        (bool running, uint256 tier, uint256 awarded) =
            tiers.qualify(member, question.memberSince, question.spendMinor, question.points);
        if (!running) return;

        if (awarded > BUDGET_MAX) awarded = BUDGET_MAX;
        question.tier = tier;
        payment.awarded = awarded;
        payment.words[payment.wordCount++] = (awarded << 48) | (block.timestamp << 96) | (tier << 136);
    }

    /// @dev What a purchase counted towards a tier goes back in proportion.
    function _disqualify(address member, Question memory question, Payment memory payment) private {
        question.whole = false;
        payment.awarded += _partDown(question.given, question);

        tiers.disqualify(
            member,
            question.memberSince,
            question.time,
            question.spendBefore - question.spendAfter,
            _partDown(question.points, question)
        );
    }

    /// @dev Takes what the rule says, and where it does not answer, the purchase's own awards; from who referred, no more
    /// than this purchase gave.
    function _takeBack(
        uint256 awarded,
        address member,
        Question memory question,
        Payment memory payment
    ) private {
        CampaignId campaign = CampaignId.wrap(uint32(awarded));
        Campaign storage live = _live[campaign];
        question.whole = live.window.flags & CAMPAIGN_TAKES_WHOLE != 0;
        uint256 key = _key(campaign, member);
        uint256 word = _words[key];
        address companion = _has(word, MEMBER_REFERRED) ? referrerOf[campaign][member] : address(0);
        question.subject = uint160(companion);
        uint256 companionMost = _partDown((awarded >> 144) & PAID_MASK, question);
        uint256 terms = _ruleTerms[campaign][(awarded >> 32) & 0xFFFF];
        question.progress = _progress(word);
        (bool answered, uint256 next, Award award) = RuleCall.ask(question, live.window.rule, live.codeHash, terms);
        if (!answered) {
            emit RuleFailed(campaign, member, question.partner, payment.receipt);
            next = _progress(word);
            award = awardOf(_partDown(question.given, question), companionMost, 0);
        }

        uint256 taken = _least(award.points(), _paid(word));
        uint256 changed = _changed(word, next, _paid(word) - taken);
        if (changed != word) _words[key] = changed;
        uint256 total = taken
            + _takeFromCompanion(campaign, companion, member, _least(award.companionPoints(), companionMost), payment);
        if (total > 0) live.purse.paid -= uint48(total);
        payment.awarded += taken;

        if (taken > 0) {
            emit AwardTakenBack(
                campaign,
                member,
                agreements.termsHashOf(campaign, (awarded >> 32) & 0xFFFF),
                question.partner,
                payment.receipt,
                taken,
                next
            );
        } else if (changed != word) {
            emit Progressed(campaign, member, next);
        }

        _withdraw(campaign, member, award.badge());
    }

    function _takeFromCompanion(
        CampaignId campaign,
        address companion,
        address member,
        uint256 due,
        Payment memory payment
    ) private returns (uint256 taken) {
        uint256 key = _key(campaign, companion);
        uint256 word = _words[key];
        taken = _least(due, _paid(word));
        if (taken == 0) return 0;

        _words[key] = _changed(word, _progress(word), _paid(word) - taken);
        payment.others[payment.otherCount++] = _packed(companion, taken);

        emit CompanionTakenBack(campaign, companion, member, taken);
    }

    function _questionOf(Occasion occasion, PartnerId partner, uint256 spendMinor, uint256 points, uint256 memberSince)
        internal
        pure
        returns (Question memory question)
    {
        question.selector = RuleCall.APPLY;
        question.occasion = occasion;
        question.partner = partner;
        question.spendMinor = spendMinor;
        question.points = points;
        question.memberSince = memberSince;
    }

    /// @dev Room for what `count` campaigns or members can lead to.
    function _paymentFor(uint256 receipt, uint256 count) internal pure returns (Payment memory payment) {
        unchecked {
            payment.receipt = receipt;
            payment.words = _room(count + 1);
            payment.others = _room(2 * count);
        }
    }

    /// @dev Room for so many words, each of which is written before it is read.
    function _room(uint256 count) private pure returns (uint256[] memory words) {
        assembly ("memory-safe") {
            words := mload(64)
            mstore(words, count)
            mstore(64, add(words, shl(5, add(count, 1))))
        }
    }

    function _others(Payment memory payment) internal pure returns (uint256[] memory others) {
        others = payment.others;
        uint256 count = payment.otherCount;
        assembly ("memory-safe") {
            mstore(others, count)
        }
    }

    function _hashed(Payment memory payment) private pure returns (bytes32 hash) {
        uint256[] memory words = payment.words;
        uint256 count = payment.wordCount;
        if (count == 0) return 0;
        assembly ("memory-safe") {
            hash := keccak256(add(words, 32), mul(count, 32))
        }
    }

    /// @dev What goes back of `points` with this part of the purchase: all with the first part, or pro rata.
    function _partDown(uint256 points, Question memory question) private pure returns (uint256) {
        uint256 spend = question.spendMinor;
        if (question.whole) return question.spendBefore == spend ? points : 0;
        return points * question.spendBefore / spend - points * question.spendAfter / spend;
    }

    function _less(uint256 amount, uint256 part) private pure returns (uint256) {
        unchecked {
            return amount > part ? amount - part : 0;
        }
    }

    function _least(uint256 one, uint256 other) private pure returns (uint256) {
        return one < other ? one : other;
    }

    function _requireLedger() private view {
        require(msg.sender == address(ledger), CallerNotLedger(msg.sender));
    }

    function _key(CampaignId campaign, address member) internal pure returns (uint256) {
        return (uint256(CampaignId.unwrap(campaign)) << 160) | uint160(member);
    }

    function _packed(address account, uint256 points) internal pure returns (uint256) {
        return uint256(uint160(account)) | (points << 160);
    }

    function _progress(uint256 word) internal pure returns (uint256) {
        return word & PROGRESS_MASK;
    }

    function _paid(uint256 word) internal pure returns (uint256) {
        return (word >> PROGRESS_BITS) & PAID_MASK;
    }

    function _has(uint256 word, uint256 flag) internal pure returns (bool) {
        return (word >> FLAGS_SHIFT) & flag != 0;
    }

    function _with(uint256 word, uint256 flag) internal pure returns (uint256) {
        return word | (flag << FLAGS_SHIFT);
    }

    function _changed(uint256 word, uint256 progress, uint256 paid) private pure returns (uint256) {
        return (word >> FLAGS_SHIFT << FLAGS_SHIFT) | (paid << PROGRESS_BITS) | progress;
    }
}
