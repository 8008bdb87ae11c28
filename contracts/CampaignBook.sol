// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {CampaignAwards} from "./CampaignAwards.sol";
import {CampaignLife} from "./CampaignLife.sol";
import {IBadgeBook} from "./interfaces/IBadgeBook.sol";
import {ICampaignAgreements} from "./interfaces/ICampaignAgreements.sol";
import {ICampaignBook} from "./interfaces/ICampaignBook.sol";
import {ICampaignLedger} from "./interfaces/ICampaignLedger.sol";
import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {ITierBook} from "./interfaces/ITierBook.sol";
import {
    BATCH_MAX,
    CAMPAIGN_DRAWS,
    CAMPAIGN_NEEDS_JOINING,
    CAMPAIGN_OPT_IN,
    CLAIM_SECONDS,
    MEMBER_JOINED,
    MEMBER_REFERRED,
    REVEAL_SECONDS
} from "./libraries/Constants.sol";
import {Question} from "./libraries/RuleCall.sol";
import {CampaignId} from "./types/CampaignId.sol";
import {Occasion} from "./types/Happening.sol";
import {MemberKey, MemberWord, memberKey} from "./types/MemberWord.sol";
import {PartnerId} from "./types/PartnerId.sol";
import {Payment, paymentFor} from "./types/Payment.sol";

/// @title The coalition's book of campaigns
/// @dev Assumes that block times are right to within seconds, and that the ledger, the registry, the tiers and the badges are
/// the coalition's. Warning: a campaign's attestor can have awards paid to any member who may take part, up to cap and
/// budget. A sponsor that withholds its seed cannot choose the outcome: every entry is then paid its chance.
contract CampaignBook is CampaignAwards {
    /// @inheritdoc ICampaignBook
    mapping(CampaignId => mapping(PartnerId => bool)) public hasRevealed;

    mapping(CampaignId => Seeds) private _seeds;
    mapping(CampaignId => mapping(uint256 index => uint256)) private _attested;

    /// @param registry_ register of the partners.
    /// @param agreements_ what the sponsors agreed on.
    /// @param ledger_ book of points that this one pays into.
    /// @param tiers_ book of tiers; zero if there is none.
    /// @param badges_ book of badges; zero if there is none.
    constructor(
        IPartnerRegistry registry_,
        ICampaignAgreements agreements_,
        ICampaignLedger ledger_,
        ITierBook tiers_,
        IBadgeBook badges_
    )
        CampaignLife(registry_, agreements_)
        CampaignAwards(ledger_, tiers_, badges_)
    {
        emit CampaignBookOpened(address(ledger_), address(agreements_), address(tiers_), address(badges_));
    }

    /// @inheritdoc ICampaignBook
    function join(CampaignId campaign, Joining[] calldata joinings) external {
        Campaign storage live = _requireOpen(campaign);
        require(live.window.flags & CAMPAIGN_NEEDS_JOINING != 0, JoiningNotNeeded(campaign));
        _requireSize(joinings.length);

        for (uint256 i = 0; i < joinings.length; ++i) {
            address member = joinings[i].member;
            MemberKey key = memberKey(campaign, member);
            MemberWord word = _words[key];
            if (word.has(MEMBER_JOINED)) continue;
            require(_mayJoin(live, joinings[i]), JoiningRefused(campaign, member));

            _words[key] = word.with(MEMBER_JOINED);

            emit MemberJoined(campaign, member);
        }
    }

    /// @inheritdoc ICampaignBook
    function refer(CampaignId campaign, address member, address referrer) external {
        Campaign storage live = _requireOpen(campaign);
        // slither-disable-next-line unused-return
        (PartnerId by,) = registry.posting(msg.sender);
        uint256 since = ledger.memberSinceOf(member);
        uint256 referrerSince = ledger.memberSinceOf(referrer);
        MemberKey key = memberKey(campaign, member);
        MemberWord word = _words[key];
        bool fits = referrerSince != 0 && referrerSince < since && since >= live.window.opensAt
            && word.progress() == 0 && !word.has(MEMBER_REFERRED) && _takesPart(campaign, by);
        require(fits, ReferralRefused(campaign, member, referrer));

        _words[key] = word.with(MEMBER_REFERRED);
        referrerOf[campaign][member] = referrer;

        emit MemberReferred(campaign, member, referrer);
    }

    /// @inheritdoc ICampaignBook
    function attest(CampaignId campaign, Attestation[] calldata attestations) external {
        Campaign storage live = _requireOpen(campaign);
        require(msg.sender == live.attestor, AttestorInvalid(campaign, msg.sender));
        _requireSize(attestations.length);

        Payment memory payment = paymentFor(0, attestations.length);
        for (uint256 i = 0; i < attestations.length; ++i) {
            Attestation calldata said = attestations[i];
            Refusal refusal = isAttested(campaign, said.id) ? Refusal.IdUsed : Refusal.None;
            if (refusal == Refusal.None) {
                payment.receipt = said.id;
                refusal = _ask(campaign, said.member, Occasion.Attestation, block.timestamp, said.action, payment);
            }
            if (refusal == Refusal.None) {
                _attested[campaign][said.id >> 8] |= 1 << (said.id & 0xFF);
                emit Attested(campaign, said.member, said.action, said.id);
            } else {
                emit OccasionRefused(campaign, said.member, said.id, refusal);
            }
        }
        _settle(payment);
    }

    /// @inheritdoc ICampaignBook
    function claim(CampaignId campaign, address[] calldata members) external {
        Campaign storage live = _requireStarted(campaign);
        uint256 until = live.window.closesAt + CLAIM_SECONDS;
        require(block.timestamp < until, CampaignOver(campaign, until));
        // what an early end would keep from the members is claimed as at the agreed end
        bool over = block.timestamp >= live.window.closesAt;
        uint256 time = over && live.purse.agreedUntil > block.timestamp ? live.purse.agreedUntil : block.timestamp;

        _askAll(campaign, members, Occasion.Claim, time, 0);
    }

    /// @inheritdoc ICampaignBook
    function revealSeed(CampaignId campaign, bytes32 seed) external {
        Campaign storage live = _requireStarted(campaign);
        PartnerId partner = agreements.sponsorFor(campaign, msg.sender);
        uint256 closesAt = live.window.closesAt;
        require(block.timestamp >= closesAt, CampaignNotOver(campaign, closesAt));
        require(block.timestamp < closesAt + REVEAL_SECONDS, SeedTooLate(campaign, closesAt + REVEAL_SECONDS));
        require(!hasRevealed[campaign][partner], SeedShown(campaign, partner));
        bytes32 commitment = keccak256(abi.encode(campaign, partner, seed));
        require(agreements.commitmentOf(campaign, partner) == commitment, SeedInvalid(campaign, partner));

        hasRevealed[campaign][partner] = true;
        Seeds storage seeds = _seeds[campaign];
        ++seeds.revealed;
        seeds.entropy ^= keccak256(abi.encode(partner, seed));

        emit SeedRevealed(campaign, partner, seed);
    }

    /// @inheritdoc ICampaignBook
    function draw(CampaignId campaign, address[] calldata members) external {
        Campaign storage live = _requireStarted(campaign);
        require(live.window.flags & CAMPAIGN_DRAWS != 0, DrawNone(campaign));
        uint256 closesAt = live.window.closesAt;
        require(block.timestamp < closesAt + CLAIM_SECONDS, CampaignOver(campaign, closesAt + CLAIM_SECONDS));
        Seeds memory seeds = _seeds[campaign];
        bool complete = seeds.revealed == agreements.sponsorsOf(campaign).length;
        bool ready = complete || block.timestamp >= closesAt + REVEAL_SECONDS;
        require(ready, SeedsNotReady(campaign, closesAt + REVEAL_SECONDS));

        _askAll(campaign, members, Occasion.Draw, block.timestamp, complete ? uint256(seeds.entropy) : 0);
    }

    /// @inheritdoc ICampaignBook
    function seedsOf(CampaignId campaign) external view returns (Seeds memory) {
        return _seeds[campaign];
    }

    /// @inheritdoc ICampaignBook
    function isAttested(CampaignId campaign, uint256 id) public view returns (bool) {
        return _attested[campaign][id >> 8] & (1 << (id & 0xFF)) != 0;
    }

    function _askAll(CampaignId campaign, address[] calldata members, Occasion occasion, uint256 time, uint256 entropy)
        private
    {
        _requireSize(members.length);
        Payment memory payment = paymentFor(0, members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 subject = entropy == 0 ? 0 : uint256(keccak256(abi.encode(entropy, campaign, members[i])));
            Refusal refusal = _ask(campaign, members[i], occasion, time, subject, payment);
            if (refusal != Refusal.None) emit OccasionRefused(campaign, members[i], 0, refusal);
        }
        _settle(payment);
    }

    /// @dev Asks the campaign's rule about one member, outside of a purchase.
    function _ask(
        CampaignId campaign,
        address member,
        Occasion occasion,
        uint256 time,
        uint256 subject,
        Payment memory payment
    ) private returns (Refusal) {
        uint256 since = ledger.memberSinceOf(member);
        if (since == 0) return Refusal.MemberUnknown;

        uint256 tier = address(tiers) == address(0) ? 0 : tiers.tierOf(member, since);
        Question memory question = _questionOf(uint256(occasion), PartnerId.wrap(0), 0, 0, since);
        question.time = time;
        question.tier = tier;
        question.subject = subject;
        payment.awarded = 0;
        Refusal refusal = _weigh(campaign, member, question, payment);
        if (payment.awarded > 0) payment.tellOther(member, payment.awarded);
        return refusal;
    }

    function _settle(Payment memory payment) private {
        uint256[] memory others = payment.othersTold();
        if (others.length > 0) ledger.award(others);
    }

    function _mayJoin(Campaign storage live, Joining calldata joining) private view returns (bool) {
        address member = joining.member;
        if (ledger.memberSinceOf(member) == 0) return false;
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(member))));
        if (live.segment != 0 && !MerkleProof.verifyCalldata(joining.proof, live.segment, leaf)) return false;
        return live.window.flags & CAMPAIGN_OPT_IN == 0 || msg.sender == ledger.signerOf(member);
    }

    function _takesPart(CampaignId campaign, PartnerId partner) private view returns (bool) {
        PartnerId[] storage partners = _partners[campaign];
        for (uint256 i = 0; i < partners.length; ++i) {
            if (PartnerId.unwrap(partners[i]) == PartnerId.unwrap(partner)) return true;
        }
        return false;
    }

    function _requireSize(uint256 size) private pure {
        require(size > 0 && size <= BATCH_MAX, ListSizeInvalid(size, BATCH_MAX));
    }

    function _requireOpen(CampaignId campaign) private returns (Campaign storage live) {
        live = _requireStarted(campaign);
        require(block.timestamp < live.window.closesAt, CampaignOver(campaign, live.window.closesAt));
    }
}
