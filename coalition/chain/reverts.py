"""What nodes and contracts answer in place of a result, as errors of this package: the one table for it.

`TABLE` has every custom error of the contracts: the exception, its stable code, and a sentence that says what was wrong
and what to do. `{name}` in a sentence is an argument of the error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coalition.chain import abi
from coalition.chain.addresses import from_word
from coalition.chain.artifacts import CONTRACTS, artifact
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc, RpcError
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, Refused, SetupError

__all__ = ["TABLE", "decoded", "reason", "translated"]

Row = tuple[type[CoalitionError], str, str]

TABLE: Mapping[str, Row] = {
    # PartnerRegistry
    "PartnerUnknown": (NotFound, "partner_unknown", "There is no partner {partner}. Check the number, or add it."),
    "PartnerNotActive": (
        AccessDenied, "partner_not_active", "Partner {partner} is suspended. Ask the operator to reinstate it."),
    "PartnerNotSuspended": (Refused, "partner_not_suspended", "Partner {partner} is not suspended; nothing to do."),
    "KeyZero": (InputError, "key_invalid", "The zero address is no key. Give the address of the partner's key."),
    "KeyUnknown": (
        AccessDenied, "key_unknown", "Key {key} belongs to no partner. Ask the operator to register it."),
    "KeyKnown": (
        Refused, "key_known", "Key {key} was registered before, for partner {partner}. Make another key."),
    "KeyNotYetActive": (
        AccessDenied, "key_not_yet_active", "Key {key} may post from Unix time {activeFrom} on. Use another now."),
    "KeyRevoked": (
        AccessDenied, "key_revoked", "Key {key} was revoked at Unix time {revokedAt}, for ever. Use another key."),
    "AccountZero": (InputError, "account_invalid", "The zero address is no account. Give the partner's own address."),
    "AccountTaken": (Refused, "account_taken", "Account {account} stands for another partner already. Give another."),
    "EarnRateTooHigh": (
        InputError, "earn_rate_too_high", "An earn rate is at most {highest} basis points, not {earnRateBps}."),
    "EffectiveTooSoon": (
        InputError, "effective_too_soon",
        "A new rate counts at the earliest from Unix time {earliest} (the notice period), not from {effectiveFrom}."),
    # PointLedger
    "LedgerPaused": (Refused, "ledger_paused", "The ledger is paused. Wait until the governor lets it go on."),
    "LedgerNotPaused": (Refused, "ledger_not_paused", "The ledger is not paused; nothing to do."),
    "BatchSizeInvalid": (
        InputError, "batch_size_invalid", "A transaction carries 1 to {largest} operations, not {size}. Cut it up."),
    "MemberInvalid": (InputError, "member_invalid", "{member} cannot be a member. Give the member's own address."),
    "HoldNotOpen": (NotFound, "hold_unknown", "Partner {partner} has no open hold under receipt {receipt}."),
    "HoldNotLapsed": (
        Refused, "hold_not_lapsed", "The hold runs to Unix time {deadline}; until then only its partner can end it."),
    "GraceLotFull": (
        Refused, "amount_too_large",
        "The points held under receipt {receipt} have expired, and the grace lot cannot take them."),
    "EpochLengthTooShort": (InputError, "epoch_length_too_short", "An epoch has at least {shortest} s, not {length}."),
    "EpochOriginInFuture": (
        InputError, "epoch_origin_in_future", "Epoch 0 cannot begin at {origin}, after the chain's time {time}."),
    "ValidityInvalid": (InputError, "validity_invalid", "Points are valid for 1 to {longest} epochs, not {validity}."),
    "GasTooLow": (Refused, "gas_too_low", "The transaction has too little gas ({available}). Send it with more."),
    # keys of members' accounts
    "MemberNotEnrolled": (NotFound, "member_unknown", "{member} is no member. Enrol the account first."),
    "SignerZero": (InputError, "key_invalid", "The zero address is no key. Give the address of the member's new key."),
    "SignerNotCurrent": (
        AccessDenied, "signer_not_current", "Another key signs for {account} now. Use a signature of that key."),
    "SignatureExpired": (Refused, "deadline_passed", "The signature counted to Unix time {deadline}. Sign again."),
    "SignatureNotValid": (
        AccessDenied, "signature_invalid", "The key of {account} did not sign this content. Sign again."),
    "KeyChangeNone": (NotFound, "key_change_none", "No change of the key of {account} is announced."),
    "InvalidAccountNonce": (
        Refused, "nonce_invalid", "The next nonce of {account} is {currentNonce}. Sign again with it."),
    # points as a token
    "AuthorizationNotYetValid": (
        Refused, "authorization_not_yet_valid", "The authorization counts after Unix time {validAfter}. Send it then."),
    "AuthorizationExpired": (
        Refused, "deadline_passed", "The authorization counted before Unix time {validBefore}. Sign again."),
    "AuthorizationUsedOrCanceled": (
        Refused, "authorization_used", "The authorization was used or cancelled. Sign one with another nonce."),
    "ERC20InsufficientBalance": (Refused, "balance_too_low", "{sender} has {balance} of the {needed} points."),
    "ERC20InsufficientAllowance": (
        Refused, "allowance_too_low", "{spender} may spend {allowance} points of the {needed} asked for."),
    "ERC20InvalidReceiver": (Refused, "member_unknown", "{receiver} is no member; points move between members only."),
    "ERC20InvalidSender": (InputError, "address_invalid", "Points cannot come from {sender}."),
    "ERC20InvalidApprover": (InputError, "address_invalid", "{approver} cannot give an allowance."),
    "ERC20InvalidSpender": (InputError, "address_invalid", "{spender} cannot have an allowance. Give another address."),
    "ERC7818TransferredExpiredToken": (Refused, "points_expired", "The points of epoch {epoch} have expired."),
    # roles
    "AccessManagedUnauthorized": (
        AccessDenied, "role_missing", "{caller} has no role that allows this. Use the key that has it."),
    "AccessManagedRequiredDelay": (
        AccessDenied, "announcement_missing", "{caller} must announce this {delay} s before: schedule, then execute."),
    "AccessManagedInvalidAuthority": (SetupError, "authority_invalid", "{authority} is no access manager."),
    "AccessManagerUnauthorizedAccount": (
        AccessDenied, "role_missing", "{msgsender} does not hold role {roleId}. Use the key that does."),
    "AccessManagerUnauthorizedCall": (
        AccessDenied, "role_missing", "{caller} has no role that allows this. Use the key that has it."),
    "AccessManagerUnauthorizedCancel": (AccessDenied, "role_missing", "{msgsender} may not cancel this announcement."),
    "AccessManagerUnauthorizedConsume": (AccessDenied, "role_missing", "{target} is not managed here."),
    "AccessManagerAlreadyScheduled": (
        Refused, "announced_already", "This was announced before. Execute it when its delay has passed."),
    "AccessManagerNotScheduled": (
        Refused, "announcement_missing", "This was not announced. Schedule it, wait for the delay, then execute it."),
    "AccessManagerNotReady": (
        Refused, "announcement_not_ready", "This was announced, but its delay has not passed. Execute it later."),
    "AccessManagerExpired": (
        Refused, "announcement_expired", "This was announced more than a week ago. Schedule it again."),
    "AccessManagerLockedRole": (InputError, "role_locked", "Role {roleId} cannot be changed in this way."),
    "AccessManagerBadConfirmation": (InputError, "confirmation_wrong", "A role is given up by its own holder only."),
    "AccessManagerInvalidInitialAdmin": (InputError, "address_invalid", "{initialAdmin} cannot be an administrator."),
    # helpers of the library
    "AddressEmptyCode": (SetupError, "contract_missing", "There is no contract at {target}."),
    "FailedCall": (Refused, "call_failed", "The contract called refused without saying why."),
    "InsufficientBalance": (Refused, "call_failed", "The account has {balance} wei of {needed}."),
    "InvalidShortString": (SetupError, "contract_invalid", "The contract's name is damaged."),
    "StringTooLong": (SetupError, "contract_invalid", "The contract's name is too long."),
    "SafeCastOverflowedUintDowncast": (InputError, "number_too_large", "{value} does not fit into {bits} bits."),
}  # fmt: skip


def translated(error: RpcError) -> CoalitionError:
    """Return the error to raise for a node's answer: the contract's own if there are revert data, else `error`."""
    data = error.data.get("data") if isinstance(error.data, dict) else error.data
    if isinstance(data, str) and len(data) >= 10:
        return decoded(data)
    if "revert" in error.message.lower():
        return Refused("The contract refused without saying why. Check the address and the arguments.", code="reverted")
    return error


def decoded(data: str) -> CoalitionError:
    """Return the error that revert data (`0x…`) stand for; unknown data give a `Refused` that carries them."""
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    entry = ERRORS.get(data[2:10])
    if entry is None:
        return Refused(f"The contract refused with data that are not known here: {data}.", code="reverted", data=data)
    kind, code, sentence = TABLE[entry["name"]]
    try:
        values = decode([abi.type_of(parameter) for parameter in entry["inputs"]], bytes.fromhex(data[10:]))
    except (DecodingError, ValueError):
        return Refused(f"The contract refused with damaged data: {data}.", code="reverted", data=data)
    arguments = {
        parameter["name"]: _readable(parameter["type"], value)
        for parameter, value in zip(entry["inputs"], values, strict=True)
    }
    return kind(sentence.format(**arguments), code=code, error=entry["name"], arguments=arguments)


def reason(rpc: Rpc, question: dict[str, Any], receipt: dict[str, Any]) -> CoalitionError:
    """Return why the transaction of a receipt with status 0 was refused: `question` is asked again as of its block."""
    try:
        rpc.call("eth_call", [question, receipt["blockNumber"]])
    except RpcError as error:
        return translated(error)
    return Refused(
        f"Transaction {receipt['transactionHash']} was refused, and would be accepted now. Send it again.",
        code="reverted",
        transaction=receipt["transactionHash"],
    )


def _readable(kind: str, value: Any) -> Any:
    if kind == "address":
        return from_word(value[2:].lower())
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _errors() -> dict[str, Mapping[str, Any]]:
    found = (entry for contract in CONTRACTS for entry in artifact(contract).entries("error"))
    return {keccak(abi.signature(entry).encode())[:4].hex(): entry for entry in found}


ERRORS = _errors()
