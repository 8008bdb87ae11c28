"""What members sign, held against eth-account and the contract."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data

from coalition.chain import typed_data, views
from coalition.chain.abi import encode_call, selector
from coalition.chain.transactions import send
from coalition.chain.typed_data import Domain
from coalition.errors import Refused
from coalition.ledger.operations import Earn, Purpose
from tests.chain.conftest import Ledger

DOMAIN = Domain(31_337, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
NONCE = b"\7" * 32


def theirs(primary: str, fields: str, values: dict[str, Any]) -> bytes:
    """The digest by eth-account."""
    domain = {"name": "Coalition Points", "version": "1", "chainId": 31_337, "verifyingContract": DOMAIN.ledger}
    types = {primary: [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]}
    return bytes(_hash_eip191_message(encode_typed_data(domain, types, values)))


def test_the_digests_are_those_of_the_standard() -> None:
    ours = typed_data.authorization_digest(DOMAIN, A, 3, 100, 1 << 255, Purpose.HOLD, 9)
    assert ours == theirs(
        "Authorization",
        "address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256 deadline",
        {"member": A, "partner": 3, "points": 100, "receipt": 1 << 255, "purpose": 2, "deadline": 9},
    )
    assert typed_data.permit_digest(DOMAIN, A, B, 5, 6, 7) == theirs(
        "Permit",
        "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
        {"owner": A, "spender": B, "value": 5, "nonce": 6, "deadline": 7},
    )
    assert typed_data.key_rotation_digest(DOMAIN, A, B, 6, 7) == theirs(
        "KeyRotation",
        "address account,address next,uint256 nonce,uint256 deadline",
        {"account": A, "next": B, "nonce": 6, "deadline": 7},
    )
    assert typed_data.key_cancellation_digest(DOMAIN, A, 6, 7) == theirs(
        "KeyCancellation",
        "address account,uint256 nonce,uint256 deadline",
        {"account": A, "nonce": 6, "deadline": 7},
    )
    assert typed_data.transfer_with_authorization_digest(DOMAIN, A, B, 5, 6, 7, NONCE) == theirs(
        "TransferWithAuthorization",
        "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
        {"from": A, "to": B, "value": 5, "validAfter": 6, "validBefore": 7, "nonce": NONCE},
    )
    assert typed_data.cancel_authorization_digest(DOMAIN, A, NONCE) == theirs(
        "CancelAuthorization", "address authorizer,bytes32 nonce", {"authorizer": A, "nonce": NONCE}
    )


@pytest.mark.parametrize("bad", ["0x12", "0x" + "12" * 21])
def test_an_address_has_20_bytes(bad: str) -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        typed_data.permit_digest(DOMAIN, bad, B, 5, 6, 7)


def test_the_contract_has_the_same_domain(quick_ledger: Ledger) -> None:
    to = quick_ledger.deployment.ledger
    data = "0x" + selector("PointLedger", "DOMAIN_SEPARATOR").hex()

    found = quick_ledger.rpc.call("eth_call", [{"to": to, "data": data}, "latest"])

    assert bytes.fromhex(found[2:]) == Domain(31_337, to).separator


def test_the_contract_takes_each_signature(quick_ledger: Ledger) -> None:
    """Redemptions and holds are in `test_parity`."""
    rpc, deployment = quick_ledger.rpc, quick_ledger.deployment
    member, other, stranger = quick_ledger.member, quick_ledger.partner_account, quick_ledger.stranger
    domain = Domain(deployment.chain_id, deployment.ledger)
    quick_ledger.admin(quick_ledger.operator).enrol([member.address, other.address])
    quick_ledger.post(Earn(member.address, 1, 1_000))
    deadline = quick_ledger.now() + 1_000

    def call(function: str, *args: Any) -> None:
        send(rpc, stranger, deployment.ledger, encode_call("PointLedger", function, args))

    signature = member.sign(typed_data.permit_digest(domain, member.address, other.address, 70, 0, deadline))
    v, r, s = signature[64], signature[:32], signature[32:64]
    call("permit", member.address, other.address, 70, deadline, v, r, s)
    assert views.read(rpc, views.allowance(deployment, member.address, other.address)) == 70
    assert views.read(rpc, views.nonce_of(deployment, member.address)) == 1

    move = (member.address, other.address, 30, 0, deadline, NONCE)
    moved = member.sign(typed_data.transfer_with_authorization_digest(domain, *move))
    call("transferWithAuthorization", *move, moved)
    with pytest.raises(Refused) as again:
        call("transferWithAuthorization", *move, moved)
    assert again.value.code == "authorization_used"
    assert views.read(rpc, views.balance_of(deployment, other.address)) == 30
    assert views.read(rpc, views.authorization_used(deployment, member.address, NONCE))

    cancelled = typed_data.cancel_authorization_digest(domain, member.address, b"\x08" * 32)
    call("cancelAuthorization", member.address, b"\x08" * 32, member.sign(cancelled))
    assert views.read(rpc, views.authorization_used(deployment, member.address, b"\x08" * 32))

    rotation = typed_data.key_rotation_digest(domain, member.address, stranger.address, 1, deadline)
    call("announceKeyRotation", member.address, stranger.address, deadline, member.sign(rotation))
    announced = views.read(rpc, views.account_key_of(deployment, member.address))
    assert (announced.current, announced.next) == (member.address, stranger.address)
    assert announced.effective_from > 0

    cancellation = typed_data.key_cancellation_digest(domain, member.address, 2, deadline)
    call("cancelKeyChange", member.address, deadline, member.sign(cancellation))
    assert views.read(rpc, views.account_key_of(deployment, member.address)).effective_from == 0
    assert views.read(rpc, views.signer_of(deployment, member.address)) == member.address
