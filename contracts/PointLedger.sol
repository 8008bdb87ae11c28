// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {AccountBook} from "./AccountBook.sol";
import {AccountKeys} from "./AccountKeys.sol";
import {Corrections} from "./Corrections.sol";
import {IAccountKeys} from "./interfaces/IAccountKeys.sol";
import {IEarnHook} from "./interfaces/IEarnHook.sol";
import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {IPointLedger} from "./interfaces/IPointLedger.sol";
import {
    BATCH_MAX,
    BPS,
    FLAG_ENROLLED,
    FLAG_INDEBTED,
    FLAG_LISTENED,
    FLAG_PAUSED,
    HOLD_SECONDS_MAX,
    LOT_MAX,
    RECEIPT_BITS,
    SPEND_MINOR_MAX
} from "./libraries/Constants.sol";
import {MemberSignature} from "./libraries/MemberSignature.sol";
import {ReceiptBook} from "./ReceiptBook.sol";
import {Lots, newMember, singleLot} from "./types/Lots.sol";
import {
    Capture,
    Correction,
    Earn,
    OperationKind,
    Outcome,
    Purpose,
    RejectionCode,
    Spend
} from "./types/Operation.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title The coalition's book of points
/// @dev Assumes that block times are right to within seconds, that the registry is the coalition's, and that a partner's
/// keys are its own. Warning: a partner's key can issue points and reverse that partner's earns; it cannot spend a
/// member's points. A stolen key is stopped by `PartnerRegistry.revokeKey`, everything by `pause`. Suspending a partner stops
/// its keys, not its account: allowances that members gave the account can still be used through `transferFrom`, until the
/// members take them back. Allowances also outlive a change of the member's key, and what a hold used of one does not come back
/// with its release.
contract PointLedger is Corrections, AccessManaged {
    bytes32 private constant AUTHORIZATION_TYPEHASH = keccak256(
        "Authorization(address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256 deadline)"
    );

    mapping(PartnerId => mapping(uint256 receipt => Hold)) private _holds;
    /// @param manager the `AccessManager` that knows the roles.
    /// @param registry_ register of the partners that may post here.
    /// @param epochOrigin_ Unix time in seconds at which epoch 0 began, not in the future.
    /// @param epochLength_ length of an epoch in seconds.
    /// @param validityDuration_ number of epochs for which points are valid, 1 to 4.
    /// @param rotationDelay_ seconds between announcement and effect of a key rotation.
    /// @param recoveryDelay_ seconds between announcement and effect of a key recovery.
    constructor(
        address manager,
        IPartnerRegistry registry_,
        uint256 epochOrigin_,
        uint256 epochLength_,
        uint256 validityDuration_,
        uint256 rotationDelay_,
        uint256 recoveryDelay_
    )
        AccountBook(epochOrigin_, epochLength_, validityDuration_)
        AccountKeys(rotationDelay_, recoveryDelay_)
        ReceiptBook(registry_)
        EIP712(name, "1")
        AccessManaged(manager)
    {
        emit LedgerOpened(
            address(registry_), epochOrigin_, epochLength_, validityDuration_, rotationDelay_, recoveryDelay_
        );
    }

    /// @inheritdoc IPointLedger
    function enrol(address[] calldata members) external {
        require(members.length > 0 && members.length <= BATCH_MAX, BatchSizeInvalid(members.length, BATCH_MAX));
        _requireNotPaused();
        // slither-disable-next-line unused-return
        if (PartnerId.unwrap(registry.keyOf(msg.sender).partner) != 0) registry.posting(msg.sender);
        else _checkCanCall(msg.sender, msg.data);

        uint256 epoch = _epochNow();
        for (uint256 i = 0; i < members.length; ++i) {
            address member = members[i];
            require(_canBeMember(member), MemberInvalid(member));
            if (_accounts[member].lots.isFlagged(FLAG_ENROLLED)) continue;

            _accounts[member].lots = newMember(epoch, block.timestamp);

            emit MemberEnrolled(member);
        }
    }

    /// @inheritdoc IPointLedger
    function earn(Earn[] calldata earns, uint256[] calldata enrolling) external {
        Batch memory batch = _begin(earns.length);
        batch.outcome.kind = OperationKind.Earn;
        _turnToBook(batch);

        uint256 news = 0;
        for (uint256 i = 0; i < earns.length; ++i) {
            Earn calldata purchase = earns[i];
            news = i & 0xFF != 0 ? news >> 1 : i >> 8 < enrolling.length ? enrolling[i >> 8] : 0;
            RejectionCode code = _earn(batch, purchase, news);
            if (code != RejectionCode.None) {
                _reject(batch, purchase.receipt, OperationKind.Earn, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function redeem(Spend[] calldata redemptions) external {
        Batch memory batch = _begin(redemptions.length);
        batch.outcome.kind = OperationKind.Redeem;

        for (uint256 i = 0; i < redemptions.length; ++i) {
            Spend calldata payment = redemptions[i];
            RejectionCode code = _redeem(batch, payment);
            if (code != RejectionCode.None) {
                _reject(batch, payment.receipt, OperationKind.Redeem, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function hold(Spend[] calldata holds) external {
        Batch memory batch = _begin(holds.length);

        for (uint256 i = 0; i < holds.length; ++i) {
            Spend calldata payment = holds[i];
            RejectionCode code = _hold(batch, payment);
            if (code != RejectionCode.None) {
                _reject(batch, payment.receipt, OperationKind.Hold, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function capture(Capture[] calldata captures) external {
        Batch memory batch = _begin(captures.length);
        batch.outcome.kind = OperationKind.Capture;

        for (uint256 i = 0; i < captures.length; ++i) {
            RejectionCode code = _capture(batch, captures[i]);
            if (code != RejectionCode.None) {
                _reject(batch, captures[i].receipt, OperationKind.Capture, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function release(uint256[] calldata receipts) external {
        Batch memory batch = _begin(receipts.length);

        for (uint256 i = 0; i < receipts.length; ++i) {
            RejectionCode code = _release(batch, receipts[i]);
            if (code != RejectionCode.None) _reject(batch, receipts[i], OperationKind.Release, code);
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function releaseLapsed(PartnerId partner, uint256 receipt) external {
        Hold storage open = _holds[partner][receipt];
        require(open.member != address(0), HoldNotOpen(partner, receipt));
        require(open.deadline < block.timestamp, HoldNotLapsed(partner, receipt, open.deadline));

        Batch memory batch;
        _take(batch);
        batch.partner = partner;
        require(_release(batch, receipt) == RejectionCode.None, GraceLotFull(partner, receipt));
        _finish(batch);
    }

    /// @inheritdoc IAccountKeys
    function announceKeyRecovery(address account, address next) external restricted {
        _announce(account, next, block.timestamp + recoveryDelay, true);
    }

    /// @inheritdoc IPointLedger
    function setCampaignBook(IEarnHook book) external restricted {
        campaignBook = book;
        bool listening = address(book) != address(0) && book.isListening();
        _coalition = listening ? _coalition.flagged(FLAG_LISTENED) : _coalition.unflagged(FLAG_LISTENED);

        emit CampaignBookSet(address(book));
    }

    /// @inheritdoc IPointLedger
    function pause() external restricted {
        _requireNotPaused();

        _coalition = _coalition.flagged(FLAG_PAUSED);

        emit Paused(msg.sender);
    }

    /// @inheritdoc IPointLedger
    function unpause() external restricted {
        require(_coalition.isFlagged(FLAG_PAUSED), LedgerNotPaused());

        _coalition = _coalition.unflagged(FLAG_PAUSED);

        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IPointLedger
    function isMember(address account) external view returns (bool) {
        return _accounts[account].lots.isFlagged(FLAG_ENROLLED);
    }

    /// @inheritdoc IPointLedger
    function memberSinceOf(address account) external view returns (uint256) {
        return _accounts[account].lots.memberSince();
    }

    /// @inheritdoc IPointLedger
    function holdOf(PartnerId partner, uint256 receipt) external view returns (Hold memory) {
        return _holds[partner][receipt];
    }

    function _canBeMember(address account) private view returns (bool) {
        return account != address(0) && account != address(this);
    }

    /// @param news its lowest bit is set if the purchase may enrol the member.
    function _earn(Batch memory batch, Earn calldata purchase, uint256 news) private returns (RejectionCode) {
        if (_isUsed(batch, purchase.receipt)) return RejectionCode.ReceiptUsed;
        uint256 spendMinor = purchase.spendMinor;
        if (!_isSpend(spendMinor)) return spendMinor == 0 ? RejectionCode.AmountZero : RejectionCode.AmountTooLarge;
        address member = purchase.member;
        Account storage account = _accounts[member];
        Lots lots = account.lots;
        bool enrols = !lots.isFlagged(FLAG_ENROLLED);
        if (enrols && (news & 1 == 0 || !_canBeMember(member))) return RejectionCode.MemberUnknown;
        uint256 points = _pointsForSpendDown(spendMinor, batch.earnRateBps);
        if (!_hasRoom(batch, points)) return RejectionCode.AmountTooLarge;

        _use(batch, purchase.receipt);
        if (enrols) {
            lots = newMember(batch.epoch, block.timestamp);
            emit MemberEnrolled(member);
        } else {
            lots = _opened(member, lots, batch.epoch);
        }
        uint256 whole = points;
        uint256[] memory others;
        if (batch.room != LOT_MAX) (whole, others) = _askForAwards(batch, purchase, points, lots.memberSince());
        lots = lots.added(whole);
        batch.supply = batch.supply.added(whole);
        account.lots = lots;
        Lots earned = singleLot(batch.epoch, whole);
        _commit(batch, member, purchase.receipt, spendMinor, points, earned);

        emit Transfer(address(0), member, whole);
        unchecked {
            emit Earned(batch.partner, member, purchase.receipt, spendMinor, points, whole - points);
        }

        if (lots.isFlagged(FLAG_INDEBTED)) _repay(batch, member, lots, whole);
        if (others.length > 0) _awardOthers(batch, member, others);
        return RejectionCode.None;
    }

    /// @dev 1 to `SPEND_MINOR_MAX`, in one comparison: 0 less 1 is the largest number.
    function _isSpend(uint256 spendMinor) private pure returns (bool) {
        unchecked {
            return spendMinor - 1 < SPEND_MINOR_MAX;
        }
    }

    /// @dev Cannot overflow: points have less than 68 bits.
    function _hasRoom(Batch memory batch, uint256 points) private pure returns (bool) {
        unchecked {
            return points + batch.supply.lotAt(0) <= batch.room;
        }
    }

    /// @dev Cannot overflow: a spend has 48 bits, a rate 20.
    function _pointsForSpendDown(uint256 spendMinor, uint256 rateBps) private pure returns (uint256) {
        unchecked {
            return spendMinor * rateBps / BPS;
        }
    }

    function _redeem(Batch memory batch, Spend calldata payment) private returns (RejectionCode code) {
        Lots lots;
        Lots taken;
        (code, lots, taken) = _pay(batch, payment, Purpose.Redeem, 0);
        if (code != RejectionCode.None) return code;

        _accounts[payment.member].lots = lots.removed(taken);
        batch.supply = batch.supply.removed(taken);
        _commit(batch, payment.member, payment.receipt, 0, payment.points, taken);

        emit Transfer(payment.member, address(0), payment.points);
        emit Redeemed(batch.partner, payment.member, payment.receipt, payment.points, taken);
    }

    function _hold(Batch memory batch, Spend calldata payment) private returns (RejectionCode code) {
        if (payment.deadline > block.timestamp + HOLD_SECONDS_MAX) return RejectionCode.DeadlineTooFar;
        Lots lots;
        Lots taken;
        (code, lots, taken) = _pay(batch, payment, Purpose.Hold, _lostBy(payment.deadline, batch.epoch));
        if (code != RejectionCode.None) return code;

        _accounts[payment.member].lots = lots.removed(taken);
        _accounts[address(this)].lots = _opened(address(this), batch.epoch).plus(taken);
        _holds[batch.partner][payment.receipt] =
            Hold({member: payment.member, deadline: uint40(payment.deadline), lots: taken});

        emit Transfer(payment.member, address(this), payment.points);
        emit Held(batch.partner, payment.member, payment.receipt, payment.points, taken, payment.deadline);
    }

    /// @dev Checks a payment and uses its receipt; the caller takes `taken` out of `lots` and stores it.
    function _pay(Batch memory batch, Spend calldata payment, Purpose purpose, uint256 skipped)
        private
        returns (RejectionCode code, Lots lots, Lots taken)
    {
        if (_isUsed(batch, payment.receipt)) return (RejectionCode.ReceiptUsed, lots, taken);
        if (payment.points == 0) return (RejectionCode.AmountZero, lots, taken);
        if (payment.points > LOT_MAX) return (RejectionCode.AmountTooLarge, lots, taken);
        lots = _accounts[payment.member].lots;
        if (!lots.isFlagged(FLAG_ENROLLED)) return (RejectionCode.MemberUnknown, lots, taken);
        if (payment.deadline < block.timestamp) return (RejectionCode.DeadlinePassed, lots, taken);
        uint256 missing;
        lots = _opened(payment.member, lots, batch.epoch);
        (taken, missing) = lots.spent(payment.points, _validity, skipped);
        if (missing > 0) return (RejectionCode.BalanceTooLow, lots, taken);
        code = payment.signature.length == 0
            ? _useAllowance(batch.partner, payment)
            : _checkSignature(batch.partner, payment, purpose, lots);

        if (code == RejectionCode.None) _use(batch, payment.receipt);
    }

    function _useAllowance(PartnerId partner, Spend calldata payment) private returns (RejectionCode) {
        address spender = registry.accountOf(partner);
        uint256 allowed = allowance[payment.member][spender];
        if (allowed < payment.points) return RejectionCode.AllowanceTooLow;

        _reduceAllowance(payment.member, spender, allowed, payment.points);
        return RejectionCode.None;
    }

    function _checkSignature(PartnerId partner, Spend calldata payment, Purpose purpose, Lots lots)
        private
        view
        returns (RejectionCode)
    {
        bytes32 content = keccak256(
            abi.encode(
                AUTHORIZATION_TYPEHASH,
                payment.member,
                partner,
                payment.points,
                payment.receipt,
                purpose,
                payment.deadline
            )
        );
        address signer = _signerOf(payment.member, lots);
        bool valid = MemberSignature.isValid(signer, _hashTypedDataV4(content), payment.signature);
        return valid ? RejectionCode.None : RejectionCode.SignatureInvalid;
    }

    function _capture(Batch memory batch, Capture calldata captured) private returns (RejectionCode) {
        Hold memory open = _holds[batch.partner][captured.receipt];
        if (open.member == address(0)) return RejectionCode.HoldUnknown;
        if (open.deadline < block.timestamp) return RejectionCode.DeadlinePassed;
        if (captured.points == 0) return RejectionCode.AmountZero;
        Lots held = open.lots.rolled(batch.epoch, _validity);
        (Lots taken, uint256 missing) = held.spent(captured.points, _validity, 0);
        if (missing > 0) return RejectionCode.HoldExceeded;

        Lots rest = held.removed(taken);
        _turnTo(batch, captured.receipt / RECEIPT_BITS);
        delete _holds[batch.partner][captured.receipt];
        _accounts[address(this)].lots = _opened(address(this), batch.epoch).removed(held);
        _accounts[open.member].lots = _opened(open.member, batch.epoch).plus(rest);
        batch.supply = batch.supply.removed(taken);
        _commit(batch, open.member, captured.receipt, 0, captured.points, taken);

        emit Transfer(address(this), address(0), captured.points);
        if (!rest.isEmpty()) emit Transfer(address(this), open.member, rest.total());
        emit Captured(batch.partner, open.member, captured.receipt, captured.points, taken);

        return RejectionCode.None;
    }

    /// @dev Points of a hold that was left open past their expiry come back as new ones, into the grace lot.
    function _release(Batch memory batch, uint256 receipt) private returns (RejectionCode) {
        Hold memory open = _holds[batch.partner][receipt];
        if (open.member == address(0)) return RejectionCode.HoldUnknown;
        Lots live = open.lots.rolled(batch.epoch, _validity);
        Lots back = open.lots.restored(batch.epoch, _validity);
        uint256 points = back.total();
        uint256 alive = live.total();
        Lots supply = batch.supply.removed(live);
        if (!_hasRoom(supply, back)) return RejectionCode.AmountTooLarge;

        delete _holds[batch.partner][receipt];
        _accounts[address(this)].lots = _opened(address(this), batch.epoch).removed(live);
        _accounts[open.member].lots = _opened(open.member, batch.epoch).plus(back);
        batch.supply = supply.plus(back);

        if (alive > 0) emit Transfer(address(this), open.member, alive);
        if (points > alive) emit Transfer(address(0), open.member, points - alive);
        emit Released(batch.partner, open.member, receipt, points, back);

        return RejectionCode.None;
    }

    /// @dev Lots, as of `epoch`, that will have expired when `time` comes.
    function _lostBy(uint256 time, uint256 epoch) private view returns (uint256) {
        if (time < block.timestamp) return 0;
        uint256 passed = _epochAt(time) - epoch;
        return passed < _validity ? passed : _validity;
    }
}
