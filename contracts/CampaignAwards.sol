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
    MEMBER_REFERRED
} from "./libraries/Constants.sol";
import {Question, RuleCall} from "./libraries/RuleCall.sol";
import {Award, awardOf} from "./types/Award.sol";
import {CampaignId} from "./types/CampaignId.sol";
import {Occasion, TakenBack} from "./types/Happening.sol";
import {MemberKey, MemberWord, PAID_MASK, memberKey} from "./types/MemberWord.sol";
import {PartnerId} from "./types/PartnerId.sol";
import {Candidate, Payment, noCandidates, noWords, paymentFor, roomFor} from "./types/Payment.sol";

/// @title Weighing and paying
/// @notice What a purchase is worth in the campaigns open at its partner, and what goes back with it.
/// @dev One word for each campaign and member, see `MemberWord`.
abstract contract CampaignAwards is CampaignLife, IEarnHook {
    uint256 private constant PURCHASE = uint256(Occasion.Purchase);
    uint256 private constant CLAIM = uint256(Occasion.Claim);
    uint256 private constant DRAW = uint256(Occasion.Draw);

    /// @dev In a briefing, beside the number of campaigns at the partner, which has fewer bits.
    uint256 private constant TIERS_RUN = 1 << 31;
    uint256 private constant COUNT_MASK = 0xFF;

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

    mapping(MemberKey => MemberWord) internal _words;
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
    function briefingFor(PartnerId partner) external view returns (uint256 briefing) {
        briefing = _openAt[partner].words[0];
        if (_hasTiers && tiers.isRunning()) briefing |= TIERS_RUN;
    }

    /// @inheritdoc IEarnHook
    function earned(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint40 memberSince,
        uint256 points,
        uint256 briefing
    ) external returns (uint256 awarded, bytes32 awards, uint256[] memory others) {
        _requireLedger();
        uint256 count = briefing & COUNT_MASK;
        // written out, not `paymentFor` and `_questionOf`, whose results the compiler first fills with zeros
        Payment memory payment = Payment(receipt, 0, roomFor(count), 0, noWords(), 0, noCandidates(), 0);
        Question memory question = Question({
            selector: RuleCall.WEIGH,
            termsAt: 0,
            progress: 0,
            occasion: PURCHASE,
            partner: partner,
            time: block.timestamp,
            spendMinor: spendMinor,
            points: points,
            tier: 0,
            memberSince: memberSince,
            subject: 0
        });
        if (briefing & TIERS_RUN != 0) _qualify(member, question, payment);

        uint256 i = 0;
        while (i != count) {
            unchecked {
                ++i;
            }
            briefing = i % 8 == 0 ? _openAt[partner].words[i / 8] : briefing >> 32;
            _weigh(CampaignId.wrap(uint32(briefing)), member, question, payment);
        }
        if (payment.groupCount > 0) _payBest(question, payment);

        return (payment.awarded, payment.wordsHash(), payment.othersTold());
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
        Payment memory payment = paymentFor(receipt, words.length);
        Question memory question = _questionOf(PURCHASE, partner, spendMinor, points, memberSince);
        question.selector = RuleCall.TAKE_BACK;
        // right behind the question, as rules read them
        TakenBack memory part = TakenBack(spendBefore, spendAfter, 0, false);

        for (uint256 i = 0; i < words.length; ++i) {
            uint256 word = words[i];
            question.time = (word >> 96) & 0xFFFFFFFFFF;
            question.tier = (word >> 136) & 0xFF;
            part.points = (word >> 48) & PAID_MASK;
            if (uint32(word) == 0) _disqualify(member, question, part, payment);
            else _takeBack(word, member, question, part, payment);
        }

        return (payment.awarded, payment.othersTold());
    }

    /// @inheritdoc ICampaignBook
    function progressOf(CampaignId campaign, address member) external view returns (uint256, uint256, uint256) {
        MemberWord word = _words[memberKey(campaign, member)];
        return (word.progress(), word.paid(), word.flags());
    }

    /// @dev Asks a campaign, and pays what it answers, or lets that compete if it is a purchase's award in a group.
    function _weigh(CampaignId campaign, address member, Question memory question, Payment memory payment)
        internal
        returns (Refusal)
    {
        (Campaign storage live, uint256 version, uint256 tierMask) = _current(campaign);
        uint256 flags = live.window.flags;
        uint256 occasion = question.occasion;
        if (!_isOpen(live.window.opensAt, live.window.closesAt, flags, occasion)) return Refusal.NotOpen;
        if ((tierMask >> question.tier) & 1 == 0) return Refusal.NotEligible;
        MemberKey key = memberKey(campaign, member);
        MemberWord word = _words[key];
        if (flags & CAMPAIGN_NEEDS_JOINING != 0 && !word.has(MEMBER_JOINED)) return Refusal.NotEligible;

        bool isReferred = word.has(MEMBER_REFERRED) && (occasion == PURCHASE || occasion == CLAIM);
        if (isReferred) question.subject = uint160(referrerOf[campaign][member]);
        question.progress = word.progress();
        (bool answered, uint256 next, Award award) =
            RuleCall.ask(question, live.window.rule, live.ruleTerms);
        if (isReferred) question.subject = 0;
        if (!answered) {
            emit RuleFailed(campaign, member, question.partner, payment.receipt);
            return Refusal.NotEligible;
        }
        if (award.isNothing() && next == word.progress()) return Refusal.NotEligible;

        uint256 group = live.window.group;
        if (group == 0 || award.isNothing() || occasion != PURCHASE) {
            _pay(key, version, word, next, award, question, payment);
        } else {
            uint256 points = _allowed(award.points(), live, word);
            _compete(Candidate(key, group, version, word, next, award, points), payment);
        }
        return Refusal.None;
    }

    /// @dev A pause ends with the window: nobody can keep from the members what they had earned.
    function _isOpen(uint256 opensAt, uint256 closesAt, uint256 flags, uint256 occasion) private view returns (bool) {
        if (block.timestamp < opensAt) return false;
        if (block.timestamp < closesAt) return flags & CAMPAIGN_PAUSED == 0;
        bool isLater = occasion == CLAIM || occasion == DRAW;
        return isLater && opensAt < closesAt && block.timestamp < closesAt + CLAIM_SECONDS;
    }

    /// @dev Of the awards in one group, only the largest stays; of equal ones, the first. For the others, the purchase does not
    /// count, so that no progress says that they were paid.
    function _compete(Candidate memory candidate, Payment memory payment) private {
        if (payment.groupCount == 0) payment.best = new Candidate[](payment.words.length);
        Candidate[] memory best = payment.best;
        uint256 i = 0;
        while (i < payment.groupCount && best[i].group != candidate.group) ++i;
        if (i == payment.groupCount) {
            best[i] = candidate;
            ++payment.groupCount;
            return;
        }
        Candidate memory outdone = candidate;
        if (candidate.points > best[i].points) (best[i], outdone) = (candidate, best[i]);

        emit AwardOutdone(outdone.key.campaign(), outdone.key.member(), outdone.points);
    }

    function _payBest(Question memory question, Payment memory payment) private {
        for (uint256 i = 0; i < payment.groupCount; ++i) {
            Candidate memory one = payment.best[i];
            _pay(one.key, one.version, one.word, one.next, one.award, question, payment);
        }
    }

    /// @dev Pays what budget and cap allow of `award`, and writes the member's word.
    /// @param word the member's word before.
    /// @param next progress that the rule answered.
    function _pay(
        MemberKey key,
        uint256 version,
        MemberWord word,
        uint256 next,
        Award award,
        Question memory question,
        Payment memory payment
    ) private {
        CampaignId campaign = key.campaign();
        address member = key.member();
        uint256 told = (question.time << 96) | (question.tier << 136) | (version << 32) | CampaignId.unwrap(campaign);
        uint256 paid = 0;
        if (!award.isNothing()) {
            Campaign storage live = _live[campaign];
            paid = _allowed(award.points(), live, word);
            if (paid > 0) live.purse.paid += uint48(paid);
            told |= paid << 48;
            if (award.companionPoints() > 0) told |= _payCompanion(campaign, award.companionPoints(), member, payment) << 144;
            if (award.badge() != 0) told |= _grant(campaign, member, award.badge()) << 192;
            if (paid < award.points()) emit AwardCut(campaign, member, award.points(), paid);
            payment.awarded = _more(payment.awarded, paid);
        }
        MemberWord changed = word.changed(next, _more(word.paid(), paid));
        if (changed != word) _words[key] = changed;

        if (paid > 0) {
            bytes32 termsHash = _live[campaign].termsHash;
            emit Awarded(campaign, member, termsHash, question.partner, payment.receipt, paid, next);
        } else if (changed != word) {
            emit Progressed(member, key.standing(next));
        }

        payment.tell(told);
    }

    /// @dev The referrer's own cap counts, too.
    function _payCompanion(CampaignId campaign, uint256 due, address member, Payment memory payment)
        private
        returns (uint256 paid)
    {
        address companion = referrerOf[campaign][member];
        if (companion == address(0)) return 0;
        Campaign storage live = _live[campaign];
        MemberKey key = memberKey(campaign, companion);
        MemberWord word = _words[key];
        paid = _allowed(due, live, word);
        if (paid < due) emit AwardCut(campaign, companion, due, paid);
        if (paid == 0) return 0;

        live.purse.paid += uint48(paid);
        _words[key] = word.changed(word.progress(), word.paid() + paid);
        payment.tellOther(companion, paid);

        emit CompanionAwarded(campaign, companion, member, live.termsHash, paid);
    }

    function _allowed(uint256 due, Campaign storage live, MemberWord word) private view returns (uint256 paid) {
        if (due == 0) return 0;
        paid = _least(due, _less(live.purse.budget, live.purse.paid));
        uint256 cap = live.purse.memberCap;
        if (cap != 0) paid = _least(paid, _less(cap, word.paid()));
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
        payment.tell((awarded << 48) | (block.timestamp << 96) | (tier << 136));
    }

    /// @dev What a purchase counted towards a tier goes back in proportion.
    function _disqualify(address member, Question memory question, TakenBack memory part, Payment memory payment)
        private
    {
        part.whole = false;
        payment.awarded += _partDown(part.points, question, part);

        tiers.disqualify(
            member,
            question.memberSince,
            question.time,
            part.spendBefore - part.spendAfter,
            _partDown(question.points, question, part)
        );
    }

    /// @dev Takes what the rule says, and where it does not answer, the purchase's own awards; from who referred, no more
    /// than this purchase gave.
    function _takeBack(
        uint256 awarded,
        address member,
        Question memory question,
        TakenBack memory part,
        Payment memory payment
    ) private {
        CampaignId campaign = CampaignId.wrap(uint32(awarded));
        Campaign storage live = _live[campaign];
        part.whole = live.window.flags & CAMPAIGN_TAKES_WHOLE != 0;
        MemberKey key = memberKey(campaign, member);
        MemberWord word = _words[key];
        address companion = word.has(MEMBER_REFERRED) ? referrerOf[campaign][member] : address(0);
        question.subject = uint160(companion);
        uint256 companionMost = _partDown((awarded >> 144) & PAID_MASK, question, part);
        uint256 terms = _ruleTerms[campaign][(awarded >> 32) & 0xFFFF];
        question.progress = word.progress();
        (bool answered, uint256 next, Award award) = RuleCall.ask(question, live.window.rule, terms);
        if (!answered) {
            emit RuleFailed(campaign, member, question.partner, payment.receipt);
            next = word.progress();
            award = awardOf(_partDown(part.points, question, part), companionMost, 0);
        }

        uint256 taken = _least(award.points(), word.paid());
        MemberWord changed = word.changed(next, word.paid() - taken);
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
            emit Progressed(member, key.standing(next));
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
        MemberKey key = memberKey(campaign, companion);
        MemberWord word = _words[key];
        taken = _least(due, word.paid());
        if (taken == 0) return 0;

        _words[key] = word.changed(word.progress(), word.paid() - taken);
        payment.tellOther(companion, taken);

        emit CompanionTakenBack(campaign, companion, member, taken);
    }

    function _questionOf(uint256 occasion, PartnerId partner, uint256 spendMinor, uint256 points, uint256 memberSince)
        internal
        pure
        returns (Question memory question)
    {
        question.selector = RuleCall.WEIGH;
        question.occasion = occasion;
        question.partner = partner;
        question.spendMinor = spendMinor;
        question.points = points;
        question.memberSince = memberSince;
    }

    /// @dev What goes back of `points` with this part of the purchase: all with the first part, or pro rata.
    function _partDown(uint256 points, Question memory question, TakenBack memory part) private pure returns (uint256) {
        uint256 spend = question.spendMinor;
        if (part.whole) return part.spendBefore == spend ? points : 0;
        return points * part.spendBefore / spend - points * part.spendAfter / spend;
    }

    /// @dev Cannot overflow: budgets have 48 bits.
    function _more(uint256 points, uint256 others) private pure returns (uint256) {
        unchecked {
            return points + others;
        }
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
}
