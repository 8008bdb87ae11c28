"""The twin that decides: a call in, its events or a named revert out.

It was written from the interfaces' documentation. Each decision looks at the folded state only, and acts by folding its
own events, so that a decision cannot do what the events do not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coalition.ledger import calls, decide_awards, decide_operations, decide_registry, decide_token
from coalition.ledger.events import Event, Position
from coalition.ledger.run import EarnHook, Machine, Revert, Run, Stopped

__all__ = ["EarnHook", "Machine", "Revert", "execute"]

DECISIONS: dict[type[calls.Call], Callable[[Run, Any], None]] = {
    calls.AddKey: decide_registry.add_key,
    calls.AddPartner: decide_registry.add_partner,
    calls.AnnounceEarnRate: decide_registry.announce_earn_rate,
    calls.AnnounceKeyRecovery: decide_token.announce_key_recovery,
    calls.AnnounceKeyRotation: decide_token.announce_key_rotation,
    calls.Approve: decide_token.approve,
    calls.Award: decide_awards.award,
    calls.CancelAuthorization: decide_token.cancel_authorization,
    calls.CancelKeyChange: decide_token.cancel_key_change,
    calls.Enrol: decide_operations.enrol,
    calls.Pause: decide_token.pause,
    calls.Permit: decide_token.permit,
    calls.Post: decide_operations.post,
    calls.ReinstatePartner: decide_registry.reinstate_partner,
    calls.ReleaseLapsed: decide_operations.release_lapsed,
    calls.RevokeKey: decide_registry.revoke_key,
    calls.SetCampaignBook: decide_awards.set_campaign_book,
    calls.SetTerms: decide_registry.set_terms,
    calls.SuspendPartner: decide_registry.suspend_partner,
    calls.Transfer: decide_token.transfer,
    calls.TransferAtEpoch: decide_token.transfer_at_epoch,
    calls.TransferFrom: decide_token.transfer_from,
    calls.TransferFromAtEpoch: decide_token.transfer_from_at_epoch,
    calls.TransferWithAuthorization: decide_token.transfer_with_authorization,
    calls.Unpause: decide_token.unpause,
}


def execute(machine: Machine, sender: str, call: calls.Call, start: Position) -> list[Event] | Revert:
    """Decide `call` of `sender` as the contracts do.

    `start` is the position of its first event. The events returned are folded into the machine's state; after a revert
    the state is as it was.
    """
    run = Run(machine, sender, start)
    try:
        DECISIONS[type(call)](run, call)
    except Stopped as stopped:
        return stopped.revert
    return run.events
