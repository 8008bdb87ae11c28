"""Deployment: what stands on the chain in the end, and what does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coalition.chain import views
from coalition.chain.abi import decode_result, encode_call, selector
from coalition.chain.artifacts import CONTRACTS, artifact
from coalition.chain.deploy import ADMIN, ROLES, Parameters, RoleSigners, deploy, verify
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc, RpcError
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.errors import ChainUnavailable, InputError, SetupError
from tests.chain.conftest import PARAMETERS, START, Ledger


def manager(ledger: Ledger, function: str, *args: Any) -> tuple[Any, ...]:
    data = "0x" + encode_call("AccessManager", function, args).hex()
    answer = ledger.rpc.call("eth_call", [{"to": ledger.deployment.manager, "data": data}, "latest"])
    return decode_result("AccessManager", function, bytes.fromhex(answer[2:]))


def test_the_deployment_is_as_asked(ledger: Ledger) -> None:
    deployment = ledger.deployment

    assert deployment.epoch_length == PARAMETERS.epoch_length
    assert deployment.validity_duration == 3 and deployment.notice_seconds == 600
    assert deployment.rotation_delay == 60 and deployment.recovery_delay == PARAMETERS.recovery_delay
    assert deployment.epoch_at(deployment.epoch_origin + PARAMETERS.epoch_length) == 1
    assert views.read(ledger.rpc, views.registry_of(deployment)) == deployment.registry
    verify(ledger.rpc, deployment)


def test_the_deployer_holds_nothing(ledger: Ledger) -> None:
    for role in (ADMIN, *(role.number for role in ROLES.values())):
        assert manager(ledger, "hasRole", role, ledger.deployer.address) == (False, 0)


def test_the_roles_are_held_as_in_the_table(ledger: Ledger) -> None:
    assert manager(ledger, "hasRole", 1, ledger.operator.address) == (True, 0)
    assert manager(ledger, "hasRole", 2, ledger.governor.address) == (True, 600)
    assert manager(ledger, "hasRole", 3, ledger.recovery.address) == (True, 0)
    assert manager(ledger, "hasRole", ADMIN, ledger.governor.address) == (True, 600)
    target = ledger.deployment.registry
    assert manager(ledger, "getTargetFunctionRole", target, selector("PartnerRegistry", "setTerms")) == (2,)


def test_each_restricted_function_is_in_the_table() -> None:
    """A function that the table forgets would be the administrator's."""
    told = {(contract, name) for role in ROLES.values() for contract, names in role.functions.items() for name in names}

    assert len(told) == sum(len(names) for role in ROLES.values() for names in role.functions.values())
    assert told == {
        *(("PartnerRegistry", name) for name in ("addPartner", "suspendPartner", "revokeKey", "addKey")),
        *(("PartnerRegistry", name) for name in ("announceEarnRate", "reinstatePartner", "setTerms")),
        *(("PointLedger", name) for name in ("enrol", "pause", "unpause", "setCampaignBook", "announceKeyRecovery")),
        *(("CampaignAgreements", name) for name in ("listRule", "delistRule")),
        *(("TierBook", name) for name in ("announceProgramme", "setFloor", "setCampaignBook")),
        *(("BadgeBook", name) for name in ("defineBadge", "setCampaignBook")),
    }


def test_the_origin_is_the_chains_time_unless_given(tester: TesterRpc) -> None:
    keys = [KeySigner.random() for _ in range(4)]

    assert deploy(tester, RoleSigners(*keys), PARAMETERS).epoch_origin == START
    keys[0] = KeySigner.random()
    assert deploy(tester, RoleSigners(*keys), replace(PARAMETERS, epoch_origin=5)).epoch_origin == 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"epoch_length": 59}, "epoch_length_too_short"),
        ({"validity_duration": 5}, "validity_invalid"),
        ({"validity_duration": 0}, "validity_invalid"),
        ({"epoch_origin": START + 10**6}, "epoch_origin_in_future"),
    ],
)
def test_parameters_that_the_contracts_refuse(tester: TesterRpc, change: dict[str, int], code: str) -> None:
    keys = [KeySigner.random() for _ in range(4)]

    with pytest.raises(InputError) as refused:
        deploy(tester, RoleSigners(*keys), replace(Parameters(), **change))

    assert refused.value.code == code


def test_the_deployer_cannot_hold_a_role(tester: TesterRpc) -> None:
    key, *others = [KeySigner.random() for _ in range(3)]

    with pytest.raises(InputError) as refused:
        deploy(tester, RoleSigners(key, others[0], key, others[1]), PARAMETERS)

    assert refused.value.code == "deployer_holds_role"


class Failing:
    """A node that goes away after some transactions."""

    def __init__(self, rpc: Rpc, transactions: int) -> None:
        self._rpc = rpc
        self._left = transactions

    def call(self, method: str, params: list[Any]) -> Any:
        if method == "eth_sendRawTransaction":
            self._left -= 1
            if self._left < 0:
                raise ChainUnavailable("gone")
        return self._rpc.call(method, params)

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        return self._rpc.batch(calls)


@pytest.mark.parametrize("transactions", [0, 1, 2, 3])
def test_a_crash_on_the_way_is_followed_by_a_new_deployment(tester: TesterRpc, transactions: int) -> None:
    signers = RoleSigners(*(KeySigner.random() for _ in range(4)))

    with pytest.raises(ChainUnavailable):
        deploy(Failing(tester, transactions), signers, PARAMETERS)

    verify(tester, deploy(tester, signers, PARAMETERS))


def test_the_deployment_survives_its_file(quick_ledger: Ledger) -> None:
    deployment = quick_ledger.deployment

    assert Deployment.from_json(deployment.to_json()) == deployment


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", ""),
        ('"chain_id": 31337', '"chain_id": "31337"'),
        ('"chain_id": 31337', '"chain_id": true'),
        ('"ledger": "0x', '"ledger": "0y'),
        ('"chain_id": 31337,', ""),
        ('"chain_id": 31337', '"chain_id": 31337, "other": 1'),
    ],
)
def test_a_damaged_file_is_refused(quick_ledger: Ledger, old: str, new: str) -> None:
    text = quick_ledger.deployment.to_json()
    assert old in text

    with pytest.raises(SetupError) as refused:
        Deployment.from_json(text.replace(old, new))

    assert refused.value.code == "deployment_invalid"


@pytest.mark.parametrize("text", ["", "null", "[]", "7"])
def test_what_is_no_deployment_is_refused(text: str) -> None:
    with pytest.raises(SetupError):
        Deployment.from_json(text)


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"chain_id": 1}, "chain_mismatch", "31337"),
        ({"block_hash": "0x" + "12" * 32}, "chain_mismatch", "block"),
        ({"block": 10_000_000}, "chain_mismatch", "missing"),
        ({"manager": "0x" + "12" * 20}, "contract_missing", "AccessManager"),
        ({"registry": "0x" + "12" * 20}, "contract_missing", "PartnerRegistry"),
        ({"ledger": "0x" + "12" * 20}, "contract_missing", "PointLedger"),
        ({"epoch_length": 1}, "contract_mismatch", "epoch_length"),
        ({"notice_seconds": 1}, "contract_mismatch", "notice_seconds"),
        ({"recovery_delay": 1}, "contract_mismatch", "recovery_delay"),
    ],
)
def test_verify_says_what_differs(ledger: Ledger, change: dict[str, Any], code: str, word: str) -> None:
    with pytest.raises(SetupError) as refused:
        verify(ledger.rpc, replace(ledger.deployment, **change))

    assert refused.value.code == code
    assert word in refused.value.message


def test_another_contract_at_the_address_is_noticed(quick_ledger: Ledger) -> None:
    swapped = replace(quick_ledger.deployment, registry=quick_ledger.deployment.ledger)

    with pytest.raises(SetupError) as refused:
        verify(quick_ledger.rpc, swapped)

    assert refused.value.code == "contract_mismatch"


def test_another_ledger_of_the_same_version_is_noticed(tester: TesterRpc) -> None:
    one, other = Ledger(tester).deployment, Ledger(tester).deployment

    with pytest.raises(SetupError) as refused:
        verify(tester, replace(one, ledger=other.ledger))

    assert refused.value.code == "contract_mismatch"


def test_a_node_that_fails_is_no_mismatch(quick_ledger: Ledger) -> None:
    class Broken:
        def call(self, method: str, params: list[Any]) -> Any:
            raise AssertionError

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            return [RpcError(-32_603, "internal error")] * len(calls)

    with pytest.raises(RpcError):
        verify(Broken(), quick_ledger.deployment)


@pytest.mark.parametrize("name", CONTRACTS)
def test_artifacts_match_code_with_other_immutables_only(name: str) -> None:
    compiled = artifact(name)
    code = bytearray(compiled.deployed_bytecode)
    for start, length in compiled.immutable_spans:
        code[start : start + length] = b"\x07" * length

    assert compiled.matches(bytes(code))
    assert not compiled.matches(bytes(code[:-1]))
    code[0] ^= 1
    assert not compiled.matches(bytes(code))
    assert compiled.bytecode.hex() not in repr(compiled)
