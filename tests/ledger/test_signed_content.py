"""What members sign, against another implementation of EIP-712."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_hash.auto import keccak

from coalition.ledger.operations import Purpose
from coalition.ledger.signed_content import SignedContent
from tests.ledger.actors import LEDGER, MEMBER, OTHER_MEMBER

CONTENT = SignedContent(31_337, LEDGER, keccak)
NONCE = bytes(31) + b"\7"


@pytest.mark.parametrize(
    ("type_", "fields", "message", "digest"),
    [
        (
            "Authorization",
            "address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256 deadline",
            (MEMBER, 2, 30, 1 << 255, 2, 99),
            CONTENT.authorization(MEMBER, 2, 30, 1 << 255, Purpose.HOLD, 99),
        ),
        (
            "KeyRotation",
            "address account,address next,uint256 nonce,uint256 deadline",
            (MEMBER, OTHER_MEMBER, 1, 99),
            CONTENT.key_rotation(MEMBER, OTHER_MEMBER, 1, 99),
        ),
        (
            "KeyCancellation",
            "address account,uint256 nonce,uint256 deadline",
            (MEMBER, 1, 99),
            CONTENT.key_cancellation(MEMBER, 1, 99),
        ),
        (
            "Permit",
            "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
            (MEMBER, OTHER_MEMBER, 30, 1, 99),
            CONTENT.permit(MEMBER, OTHER_MEMBER, 30, 1, 99),
        ),
        (
            "TransferWithAuthorization",
            "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
            (MEMBER, OTHER_MEMBER, 30, 1, 99, NONCE),
            CONTENT.transfer(MEMBER, OTHER_MEMBER, 30, 1, 99, NONCE),
        ),
        (
            "CancelAuthorization",
            "address authorizer,bytes32 nonce",
            (MEMBER, NONCE),
            CONTENT.cancel(MEMBER, NONCE),
        ),
    ],
)
def test_digest(type_: str, fields: str, message: tuple[Any, ...], digest: bytes) -> None:
    domain = {"name": "Coalition Points", "version": "1", "chainId": 31_337, "verifyingContract": LEDGER}
    members = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]
    values = dict(zip((member["name"] for member in members), message, strict=True))

    signable = encode_typed_data(domain, {type_: members}, values)

    assert digest == _hash_eip191_message(signable)
