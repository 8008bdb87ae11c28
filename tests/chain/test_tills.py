"""Tills on the chain: the register, what is signed for it, and a ledger that gets it later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.chain.abi import decode_result, encode_call
from coalition.chain.deployment import Deployment, verify
from coalition.chain.signer import KeySigner
from coalition.chain.tills import deploy_registry, revoke_till, set_till, till_keys, tills_of
from coalition.chain.typed_data import voucher_digest
from coalition.errors import AccessDenied, NotFound, Refused, SetupError
from coalition.ledger.operations import Kind
from coalition.ledger.vouchers import Voucher
from tests.chain.conftest import Ledger

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
VOUCHERS = [
    Voucher(1, 7, 41, Kind.EARN, MEMBER, 1999, "USD", 1_772_366_400),
    Voucher((1 << 32) - 1, (1 << 32) - 1, (1 << 48) - 1, Kind.REDEEM, MEMBER, (1 << 48) - 1, "", (1 << 40) - 1),
]


@pytest.mark.parametrize("voucher", VOUCHERS)
def test_what_is_signed_is_what_the_contract_says(ledger: Ledger, voucher: Voucher) -> None:
    deployment = ledger.deployment
    currency = voucher.currency.encode().ljust(3, b"\0")
    who = voucher.partner, voucher.till, voucher.number
    fields = (*who, int(voucher.kind), voucher.member, voucher.amount, currency, voucher.issued_at)
    data = "0x" + encode_call("TillRegistry", "hashOf", [fields]).hex()
    answer = ledger.rpc.call("eth_call", [{"to": deployment.till_registry, "data": data}, "latest"])
    (digest,) = decode_result("TillRegistry", "hashOf", bytes.fromhex(answer[2:]))
    assert voucher_digest(deployment.chain_id, deployment.till_registry, voucher) == digest


def test_keys_are_set_and_revoked(ledger: Ledger) -> None:
    key, first, second = (KeySigner.random() for _ in range(3))
    partner = ledger.admin(ledger.operator).add_partner("Tills", KeySigner.random().address, key.address, "USD", 100)
    place = ledger.rpc, ledger.deployment
    with pytest.raises(NotFound) as raised:
        revoke_till(*place, key, 7)
    assert raised.value.code == "till_unknown"
    set_till(*place, key, 7, first.address)
    set_till(*place, key, 3, second.address)
    with pytest.raises(Refused) as known:
        set_till(*place, key, 8, first.address)
    assert known.value.code == "key_known"
    revoke_till(*place, key, 7)
    found = tills_of(*place, partner)
    assert [(one.till, one.key, one.partner, one.revoked_at > 0) for one in found] == [
        (3, second.address, partner, False),
        (7, first.address, partner, True),
    ]
    assert all(one.active_from > 0 for one in found)
    assert [one.partner for one in till_keys(*place, [MEMBER])] == [0]
    with pytest.raises(AccessDenied):
        set_till(*place, KeySigner.random(), 9, MEMBER)


def test_an_older_ledger_gets_it_later(ledger: Ledger) -> None:
    text = replace(ledger.deployment, till_registry="").to_json().replace(',\n  "till_registry": ""', "")
    older = Deployment.from_json(text)
    verify(ledger.rpc, older)
    with pytest.raises(SetupError) as raised:
        till_keys(ledger.rpc, older, [MEMBER])
    assert raised.value.code == "till_registry_missing"

    newer = deploy_registry(ledger.rpc, older, KeySigner.random())
    assert newer.till_registry not in ("", ledger.deployment.till_registry)
    assert Deployment.from_json(newer.to_json()) == newer
    with pytest.raises(SetupError):
        verify(ledger.rpc, replace(newer, till_registry=newer.registry))
