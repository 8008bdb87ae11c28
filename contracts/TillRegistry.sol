// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {ITillRegistry} from "./interfaces/ITillRegistry.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title Register of tills
/// @dev Assumes that the block time is right to within seconds. Warning: a partner's active key decides about all of its tills;
/// a stolen one is stopped by `PartnerRegistry.revokeKey`. A till's key can at most make its partner issue points, and redeem
/// what members allowed that partner.
contract TillRegistry is ITillRegistry, EIP712 {
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(uint32 partner,uint32 till,uint48 number,uint8 kind,address member,uint48 amount,bytes3 currency,"
        "uint40 issuedAt)"
    );

    /// @notice Register of the partners.
    IPartnerRegistry public immutable registry;

    /// @inheritdoc ITillRegistry
    mapping(PartnerId partner => mapping(uint32 till => address key)) public keyOf;

    mapping(address key => TillKey) private _tills;

    /// @param registry_ register of the partners.
    constructor(IPartnerRegistry registry_) EIP712("Coalition Tills", "1") {
        registry = registry_;

        emit TillRegistryOpened(address(registry_));
    }

    /// @inheritdoc ITillRegistry
    function setKey(uint32 till, address key) external {
        // slither-disable-next-line unused-return
        (PartnerId partner,) = registry.posting(msg.sender);
        require(till != 0, TillZero());
        require(key != address(0), TillKeyZero());
        require(_tills[key].activeFrom == 0, TillKeyKnown(key, _tills[key].partner, _tills[key].till));

        if (keyOf[partner][till] != address(0)) _revoke(partner, till);
        keyOf[partner][till] = key;
        _tills[key] = TillKey({partner: partner, till: till, activeFrom: uint40(block.timestamp), revokedAt: 0});

        emit TillKeySet(partner, till, key);
    }

    /// @inheritdoc ITillRegistry
    function revokeKey(uint32 till) external {
        // slither-disable-next-line unused-return
        (PartnerId partner,) = registry.posting(msg.sender);
        require(keyOf[partner][till] != address(0), TillKeyNone(partner, till));

        _revoke(partner, till);
    }

    /// @inheritdoc ITillRegistry
    function tillOf(address key) external view returns (TillKey memory) {
        return _tills[key];
    }

    /// @inheritdoc ITillRegistry
    function hashOf(Voucher calldata voucher) external view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, voucher)));
    }

    function _revoke(PartnerId partner, uint32 till) private {
        address key = keyOf[partner][till];
        delete keyOf[partner][till];
        _tills[key].revokedAt = uint40(block.timestamp);

        emit TillKeyRevoked(partner, till, key);
    }
}
