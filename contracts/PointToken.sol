// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

import {AccountKeys} from "./AccountKeys.sol";
import {IERC3009} from "./interfaces/IERC3009.sol";
import {IERC7818} from "./interfaces/IERC7818.sol";
import {FLAG_ENROLLED} from "./libraries/Constants.sol";
import {Lots, emptyLots} from "./types/Lots.sol";

/// @title Points as an expirable ERC-20 token
/// @notice ERC-20, ERC-7818, ERC-2612 and ERC-3009. Points move between members only, with their expiry, nearest to
/// expiry first, and have no decimals.
/// @dev `totalSupply` is exact and leaves expired points out, where ERC-7818 suggests not to try. Points that expire leave
/// `balanceOf` when the epoch ends; the `Transfer` to zero that tells so comes when the account is next written.
abstract contract PointToken is AccountKeys, IERC7818, IERC3009, IERC20Metadata, IERC20Permit, IERC20Errors {
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    /// @inheritdoc IERC20Metadata
    string public constant name = "Coalition Points";

    /// @inheritdoc IERC20Metadata
    string public constant symbol = "POINTS";

    /// @inheritdoc IERC20Metadata
    uint8 public constant decimals = 0;

    /// @inheritdoc IERC20
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @inheritdoc IERC3009
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value) external returns (bool) {
        _requireOwnKey(msg.sender);

        _transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _spendAllowance(from, msg.sender, value);

        _transfer(from, to, value);
        return true;
    }

    /// @inheritdoc IERC7818
    function transferAtEpoch(uint256 epoch, address to, uint256 value) external returns (bool) {
        _requireOwnKey(msg.sender);

        _transferAtEpoch(epoch, msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC7818
    function transferFromAtEpoch(uint256 epoch, address from, address to, uint256 value) external returns (bool) {
        _spendAllowance(from, msg.sender, value);

        _transferAtEpoch(epoch, from, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 value) external returns (bool) {
        _requireOwnKey(msg.sender);

        _approve(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc IERC20Permit
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        bytes32 content = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline));
        _requireSigned(owner, content, deadline, abi.encodePacked(r, s, v));

        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        require(block.timestamp > validAfter, AuthorizationNotYetValid(validAfter));
        require(block.timestamp < validBefore, AuthorizationExpired(validBefore));
        bytes32 content = keccak256(abi.encode(TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce));
        _useAuthorization(from, nonce, content, signature);

        emit AuthorizationUsed(from, nonce);

        _transfer(from, to, value);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        _useAuthorization(authorizer, nonce, keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)), signature);

        emit AuthorizationCanceled(authorizer, nonce);
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].lots.rolled(_epochNow(), _validity).total();
    }

    /// @inheritdoc IERC7818
    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256) {
        return _atEpoch(_accounts[account].lots.rolled(_epochNow(), _validity), epoch);
    }

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _supplyNow().total();
    }

    /// @inheritdoc IERC7818
    function currentEpoch() external view returns (uint256) {
        return _epochNow();
    }

    /// @inheritdoc IERC7818
    function epochLength() external view returns (uint256) {
        return _epochLength;
    }

    /// @inheritdoc IERC7818
    function epochType() external pure returns (EPOCH_TYPE) {
        return EPOCH_TYPE.TIME_BASED;
    }

    /// @inheritdoc IERC7818
    function validityDuration() external view returns (uint256) {
        return _validity;
    }

    /// @inheritdoc IERC7818
    function isEpochExpired(uint256 epoch) external view returns (bool) {
        return _expiredAt(epoch, _epochNow());
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _transfer(address from, address to, uint256 value) private {
        Lots lots = _openedForTransfer(from, to);
        (Lots taken, uint256 missing) = lots.spent(value, _validity, 0);
        require(missing == 0, ERC20InsufficientBalance(from, value - missing, value));

        _move(from, to, lots, taken, value);
    }

    function _transferAtEpoch(uint256 epoch, address from, address to, uint256 value) private {
        uint256 now_ = _epochNow();
        require(!_expiredAt(epoch, now_), ERC7818TransferredExpiredToken(from, epoch));
        Lots lots = _openedForTransfer(from, to);
        uint256 held = _atEpoch(lots, epoch);
        require(value <= held, ERC20InsufficientBalance(from, held, value));

        Lots taken = value == 0 ? emptyLots(now_) : emptyLots(now_).withLot(now_ - epoch, value);
        _move(from, to, lots, taken, value);
    }

    function _openedForTransfer(address from, address to) private returns (Lots) {
        _requireNotPaused();
        require(_accounts[to].lots.isFlagged(FLAG_ENROLLED), ERC20InvalidReceiver(to));

        return _opened(from, _epochNow());
    }

    function _move(address from, address to, Lots lots, Lots taken, uint256 value) private {
        _accounts[from].lots = lots.removed(taken);
        _accounts[to].lots = _opened(to, lots.head()).plus(taken);

        emit IERC20.Transfer(from, to, value);
        emit LotsTransferred(from, to, taken);
    }

    function _approve(address owner, address spender, uint256 value) internal {
        require(spender != address(0), ERC20InvalidSpender(spender));

        allowance[owner][spender] = value;

        emit Approval(owner, spender, value);
    }

    /// @dev An allowance of 2^256 − 1 does not shrink.
    function _spendAllowance(address owner, address spender, uint256 value) private {
        uint256 allowed = allowance[owner][spender];
        require(allowed >= value, ERC20InsufficientAllowance(spender, allowed, value));

        _reduceAllowance(owner, spender, allowed, value);
    }

    function _reduceAllowance(address owner, address spender, uint256 allowed, uint256 value) internal {
        if (allowed != type(uint256).max) _approve(owner, spender, allowed - value);
    }

    function _useAuthorization(address authorizer, bytes32 nonce, bytes32 content, bytes calldata signature) private {
        require(!authorizationState[authorizer][nonce], AuthorizationUsedOrCanceled(authorizer, nonce));
        _requireSigned(authorizer, content, type(uint256).max, signature);

        authorizationState[authorizer][nonce] = true;
    }
}
