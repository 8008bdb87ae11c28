// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

import {AccountBook} from "./AccountBook.sol";
import {IAccountKeys} from "./interfaces/IAccountKeys.sol";
import {FLAG_BUSY, FLAG_ENROLLED, FLAG_KEY_CHANGED} from "./libraries/Constants.sol";
import {MemberSignature} from "./libraries/MemberSignature.sol";
import {Lots} from "./types/Lots.sol";

/// @title Keys of members' accounts
abstract contract AccountKeys is AccountBook, IAccountKeys, EIP712, Nonces {
    bytes32 private constant ROTATION_TYPEHASH =
        keccak256("KeyRotation(address account,address next,uint256 nonce,uint256 deadline)");
    bytes32 private constant CANCELLATION_TYPEHASH =
        keccak256("KeyCancellation(address account,uint256 nonce,uint256 deadline)");

    /// @inheritdoc IAccountKeys
    uint256 public immutable rotationDelay;

    /// @inheritdoc IAccountKeys
    uint256 public immutable recoveryDelay;

    mapping(address account => AccountKey) private _accountKeys;

    constructor(uint256 rotationDelay_, uint256 recoveryDelay_) {
        rotationDelay = rotationDelay_;
        recoveryDelay = recoveryDelay_;
    }

    /// @inheritdoc IAccountKeys
    function announceKeyRotation(address account, address next, uint256 deadline, bytes calldata signature) external {
        bytes32 content = keccak256(abi.encode(ROTATION_TYPEHASH, account, next, _useNonce(account), deadline));
        _requireSigned(account, content, deadline, signature);

        _announce(account, next, block.timestamp + rotationDelay, false);
    }

    /// @inheritdoc IAccountKeys
    function cancelKeyChange(address account, uint256 deadline, bytes calldata signature) external {
        require(_accountKeys[account].effectiveFrom > block.timestamp, KeyChangeNone(account));
        bytes32 content = keccak256(abi.encode(CANCELLATION_TYPEHASH, account, _useNonce(account), deadline));
        _requireSigned(account, content, deadline, signature);

        _accountKeys[account].effectiveFrom = 0;
        _accountKeys[account].next = address(0);

        emit KeyChangeCancelled(account);
    }

    /// @inheritdoc IAccountKeys
    function signerOf(address account) external view returns (address) {
        return _signerOf(account, _accounts[account].lots);
    }

    /// @inheritdoc IAccountKeys
    function accountKeyOf(address account) external view returns (AccountKey memory) {
        return _accountKeys[account];
    }

    /// @dev Announces `next` to sign for `account` from `effectiveFrom`, in place of anything announced and not yet due.
    function _announce(address account, address next, uint256 effectiveFrom, bool recovery) internal {
        require(!_coalition.isFlagged(FLAG_BUSY), LedgerBusy());
        Lots lots = _accounts[account].lots;
        require(lots.isFlagged(FLAG_ENROLLED), MemberNotEnrolled(account));
        require(next != address(0), SignerZero());

        _accountKeys[account] =
            AccountKey({current: _signerOf(account, lots), effectiveFrom: uint40(effectiveFrom), next: next});
        _accounts[account].lots = lots.flagged(FLAG_KEY_CHANGED);

        emit KeyChangeAnnounced(account, next, effectiveFrom, recovery);
    }

    /// @dev The key that signs for `account`, whose word is `lots`: only its flag is looked at.
    function _signerOf(address account, Lots lots) internal view returns (address) {
        if (!lots.isFlagged(FLAG_KEY_CHANGED)) return account;

        AccountKey memory known = _accountKeys[account];
        bool due = known.effectiveFrom != 0 && known.effectiveFrom <= block.timestamp;
        return due ? known.next : known.current;
    }

    /// @dev Reverts unless the account's own address is still its key, as a call of `transfer` or `approve` needs.
    function _requireOwnKey(address account) internal view {
        require(_signerOf(account, _accounts[account].lots) == account, SignerNotCurrent(account));
    }

    /// @dev Reverts unless the account's key signed the EIP-712 struct `content` and `deadline` has not passed.
    function _requireSigned(address account, bytes32 content, uint256 deadline, bytes memory signature) internal view {
        require(block.timestamp <= deadline, SignatureExpired(deadline));
        address signer = _signerOf(account, _accounts[account].lots);
        require(
            MemberSignature.isValid(signer, _hashTypedDataV4(content), signature), SignatureNotValid(account)
        );
    }
}
