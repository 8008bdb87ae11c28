"""What nodes and contracts answer in place of a result, as errors of this package: the one table for it.

`TABLE` has every custom error that the contracts give: the exception, its stable code, and a sentence that says what was wrong
and what to do. `{name}` in a sentence is an argument of the error, `{name:time}` one in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from coalition.chain import abi
from coalition.chain.addresses import from_word
from coalition.chain.artifacts import CONTRACTS, artifact
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc, RpcError
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, Refused, SetupError

__all__ = ["TABLE", "decoded", "reason", "translated"]

LAST_SECOND = 253_402_300_799  # of the year 9999

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
        AccessDenied, "key_not_yet_active", "Key {key} may post from {activeFrom:time} on. Use another now."),
    "KeyRevoked": (
        AccessDenied, "key_revoked", "Key {key} was revoked at {revokedAt:time}, for ever. Use another key."),
    "AccountZero": (InputError, "account_invalid", "The zero address is no account. Give the partner's own address."),
    "AccountTaken": (Refused, "account_taken", "Account {account} stands for another partner already. Give another."),
    "EarnRateTooHigh": (
        InputError, "earn_rate_too_high", "An earn rate is at most {highest} basis points, not {earnRateBps}."),
    "EffectiveTooSoon": (
        InputError, "effective_too_soon",
        "A new rate counts at the earliest from {earliest:time} (the notice period), not from {effectiveFrom:time}."),
    # PointLedger
    "LedgerPaused": (Refused, "ledger_paused", "The ledger is paused. Wait until the governor lets it go on."),
    "LedgerNotPaused": (Refused, "ledger_not_paused", "The ledger is not paused; nothing to do."),
    "BatchSizeInvalid": (
        InputError, "batch_size_invalid", "A transaction carries 1 to {largest} operations, not {size}. Cut it up."),
    "MemberInvalid": (InputError, "member_invalid", "{member} cannot be a member. Give the member's own address."),
    "HoldNotOpen": (NotFound, "hold_unknown", "Partner {partner} has no open hold under receipt {receipt}."),
    "HoldNotLapsed": (
        Refused, "hold_not_lapsed", "The hold runs to {deadline:time}; until then only its partner can end it."),
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
    "SignatureExpired": (Refused, "deadline_passed", "The signature counted to {deadline:time}. Sign again."),
    "SignatureNotValid": (
        AccessDenied, "signature_invalid", "The key of {account} did not sign this content. Sign again."),
    "KeyChangeNone": (NotFound, "key_change_none", "No change of the key of {account} is announced."),
    # points as a token
    "AuthorizationNotYetValid": (
        Refused, "authorization_not_yet_valid", "The authorization counts after {validAfter:time}. Send it then."),
    "AuthorizationExpired": (
        Refused, "deadline_passed", "The authorization counted before {validBefore:time}. Sign again."),
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
    # kinds of campaigns
    "TermInvalid": (
        InputError, "term_invalid", "Word {index} of the terms cannot be {value}. See the page of the campaign's kind."),
    "TermCountInvalid": (
        InputError, "term_count_invalid", "The terms of this kind have {wanted} words, not {count}."),
    # what sponsors agree on
    "CampaignUnknown": (NotFound, "campaign_unknown", "There is no campaign {campaign}. Check the number."),
    "TermsUnknown": (
        NotFound, "terms_unknown",
        "Version {version} of campaign {campaign} has not the hash {termsHash}. Use exactly the terms that were proposed."),
    "RuleNotListed": (Refused, "rule_not_listed", "The operator does not allow {rule} as a kind of campaign."),
    "RuleWithoutCode": (InputError, "contract_missing", "There is no contract at {rule}."),
    "RuleTermsTooMany": (InputError, "term_count_invalid", "A kind has at most {most} words of terms, not {count}."),
    "SponsorsInvalid": (InputError, "sponsors_invalid", "A campaign has 1 to 64 sponsors, not {count}."),
    "SponsorsNotRising": (
        InputError, "sponsors_invalid", "Name each sponsor once, by rising number: {partner} is out of order."),
    "SharesInvalid": (
        InputError, "sponsors_invalid", "The sponsors' shares add up to 10,000 basis points, not {sharesBps}."),
    "PartnersInvalid": (InputError, "partners_invalid", "A campaign has 1 to 64 partners, not {count}."),
    "PartnersNotRising": (
        InputError, "partners_invalid", "Name each partner once, by rising number: {partner} is out of order."),
    "PartnerNotKnown": (NotFound, "partner_unknown", "There is no partner {partner}. Check the number, or add it."),
    "WindowInvalid": (
        InputError, "window_invalid", "A campaign closes after it opens: {closesAt:time} is not after {opensAt:time}."),
    "WindowTooSoon": (
        InputError, "window_invalid", "The campaign may open at {earliest:time} or later, not at {opensAt:time}."),
    "BudgetInvalid": (
        InputError, "budget_invalid", "The budget has {least} to {most} points, not {budgetPoints}."),
    "TiersNone": (InputError, "tiers_none", "Let at least one tier take part."),
    "NotSponsor": (
        AccessDenied, "sponsor_only", "Partner {partner} is no sponsor of campaign {campaign}. Use a sponsor's key."),
    "TermsFixed": (
        Refused, "terms_fixed",
        "Rule, sponsors, shares, partners and drawing of campaign {campaign} stay. Propose another campaign."),
    "VersionsTooMany": (Refused, "versions_too_many", "Campaign {campaign} has had {most} versions. Propose another."),
    "ApprovalTooShort": (
        InputError, "approval_too_short", "An approval counts longer than now: not only to {approvedUntil:time}."),
    "ApprovalMissing": (Refused, "approval_missing", "Partner {sponsor} has not approved these terms."),
    "ApprovalExpired": (
        Refused, "approval_expired", "The approval of partner {sponsor} counted to {approvedUntil:time}. Ask again."),
    "SeedCommittedAlready": (
        Refused, "seed_known", "Partner {partner} has committed to a seed of campaign {campaign} before."),
    "SeedZero": (InputError, "seed_invalid", "Zero is no commitment. Send the hash of campaign, partner and seed."),
    "SeedMissing": (Refused, "seed_missing", "Partner {partner} has not committed to a seed of campaign {campaign}."),
    # life of campaigns
    "CampaignNotStarted": (Refused, "campaign_not_started", "Campaign {campaign} was never started."),
    "CampaignOver": (Refused, "campaign_over", "For campaign {campaign} this was possible to {closesAt:time}."),
    "CampaignNotOver": (Refused, "campaign_not_over", "Wait for {until:time}: campaign {campaign} is not over."),
    "CampaignAlreadyClosed": (Refused, "campaign_closed", "Campaign {campaign} was closed before; nothing to do."),
    "CampaignNotPausable": (Refused, "campaign_not_pausable", "The terms of campaign {campaign} allow no pause."),
    "CampaignPauseUnchanged": (
        Refused, "campaign_pause_unchanged", "Campaign {campaign} is in that state already: nothing changes."),
    "CampaignNeverEndsEarly": (
        Refused, "campaign_never_ends_early", "The terms of campaign {campaign} allow no early end."),
    "StartTooLate": (
        Refused, "start_too_late",
        "These terms open at {opensAt:time}; started now, they may at {earliest:time} or later. Propose a later window."),
    "BudgetTooSmall": (
        Refused, "budget_invalid", "A later version has at least the {least} points of the one before, not {budgetPoints}."),
    "VersionNotNext": (
        Refused, "version_not_next", "Version {version} of campaign {campaign} comes before the one that runs."),
    "VersionPending": (
        Refused, "version_pending", "Version {version} of campaign {campaign} is started and waits for its time."),
    "PartnerFull": (
        Refused, "partner_full", "Partner {partner} takes part in {most} campaigns already. Wait until one is over."),
    "CreditExceeded": (
        Refused, "credit_exceeded",
        "Campaigns of partner {partner} would reserve {reservedPoints} points; its limit is {limitPoints}."),
    # members in campaigns
    "ListSizeInvalid": (InputError, "batch_size_invalid", "A list has 1 to {largest} entries, not {size}. Cut it up."),
    "AttestorInvalid": (
        AccessDenied, "attestor_only", "{caller} is not the attestor whom the terms of campaign {campaign} name."),
    "JoiningNotNeeded": (Refused, "joining_not_needed", "Everybody takes part in campaign {campaign}; nothing to do."),
    "JoiningRefused": (
        Refused, "joining_refused",
        "{member} may not join campaign {campaign}: no member, not of the segment, or without its own key."),
    "ReferralRefused": (
        Refused, "referral_refused",
        "{referrer} cannot refer {member} in campaign {campaign}: one must be new, the other a member before it."),
    "DrawNone": (Refused, "draw_none", "Campaign {campaign} has no draw."),
    "SeedShown": (Refused, "seed_known", "Partner {partner} has shown its seed of campaign {campaign} before."),
    "SeedTooLate": (Refused, "seed_too_late", "Seeds of campaign {campaign} could be shown to {until:time}."),
    "SeedInvalid": (
        InputError, "seed_invalid", "This is not the seed to which partner {partner} committed in campaign {campaign}."),
    "SeedsNotReady": (Refused, "seeds_not_ready", "Seeds of campaign {campaign} may still be shown. Draw at {from}."),
    # between the ledger and the campaign book
    "CallerNotCampaignBook": (AccessDenied, "campaign_book_only", "Only the campaign book may do this, not {caller}."),
    "CallerNotLedger": (AccessDenied, "ledger_only", "Only the point ledger may do this, not {caller}."),
    "LedgerBusy": (Refused, "ledger_busy", "The ledger is in the middle of an operation. Call it from outside of one."),
    "AwardsTooLarge": (
        Refused, "amount_too_large", "The campaigns would pay {points} points at once; {largest} is the most."),
    "BookAnswerInvalid": (
        Refused, "campaign_book_invalid",
        "What the ledger asks about campaigns did not answer as a campaign book does. Have the governor take it out."),
    "WordStoreFailed": (Refused, "gas_too_low", "The terms could not be stored. Send the transaction with more gas."),
    # tiers
    "NotTierKeeper": (AccessDenied, "campaign_book_only", "Only the campaign book may do this, not {caller}."),
    "ProgrammeTooSoon": (
        InputError, "effective_too_soon", "A programme may count from {earliest:time}, not from {effectiveFrom:time}."),
    "TierCountInvalid": (InputError, "programme_invalid", "A programme has 1 to {highest} tiers, not {count}."),
    "ThresholdNotAscending": (
        InputError, "programme_invalid",
        "Thresholds ascend from 0: that of tier {tier} cannot be {threshold}."),
    "MultiplierOutOfRange": (
        InputError, "programme_invalid",
        "The multiplier of tier {tier} is 10,000 to 70,000 basis points, not {multiplierBps}."),
    "SoftLandingTooLong": (
        InputError, "programme_invalid", "A soft landing has at most {longest} days, not {softLandingDays}."),
    "InactivityInvalid": (
        InputError, "programme_invalid",
        "Give days of inactivity and 1 to 15 tiers, or 0 for both, not {inactivityDays} and {inactivityTiers}."),
    "TierUnknown": (InputError, "tier_unknown", "There is no tier {tier}. The highest is {highest}."),
    "FloorUntilInvalid": (
        InputError, "floor_until_invalid", "A paid tier ends later than now and by {latest:time}, not at {until:time}."),
    # badges
    "NotBadgeGranter": (AccessDenied, "campaign_book_only", "Only the campaign book may do this, not {caller}."),
    "BadgeInvalid": (InputError, "badge_invalid", "Badges are numbered from 1 and have 32 bits: {badge} is none."),
    "BadgeUriEmpty": (InputError, "badge_invalid", "Say where the metadata of badge {badge} are."),
    "BadgeNotHeld": (NotFound, "badge_not_held", "Nobody has the badge with token id {tokenId}."),
    "BadgeLocked": (Refused, "badge_locked", "A badge stays with the member who earned it."),
    "BadgeHolderZero": (InputError, "address_invalid", "The zero address has no badges."),
    # tills
    "TillZero": (InputError, "till_invalid", "Tills are numbered from 1."),
    "TillKeyZero": (InputError, "key_invalid", "The zero address is no key. Give the address of the till's key."),
    "TillKeyKnown": (
        Refused, "key_known", "Key {key} was registered before, for till {till} of partner {partner}. Make another key."),
    "TillKeyNone": (NotFound, "till_unknown", "Till {till} of partner {partner} has no key that signs."),
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
    return kind(Sentence().format(sentence, **arguments), code=code, error=entry["name"], arguments=arguments)


class Sentence(Formatter):
    """Fills a sentence of the table."""

    def format_field(self, value: Any, spec: str) -> Any:
        """The value as text; a time as RFC 3339 has it, while its year has four digits."""
        if spec != "time":
            return super().format_field(value, spec)
        if value > LAST_SECOND:
            return f"Unix time {value}"
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")


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
    return {keccak(abi.signature(entry).encode())[:4].hex(): entry for entry in found if entry["name"] in TABLE}


ERRORS = _errors()
