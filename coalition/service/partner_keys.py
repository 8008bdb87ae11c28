"""Which key of a partner is here, for what only the partner may do on the chain."""

from __future__ import annotations

from coalition.chain.keystore import Keystore
from coalition.chain.signer import Signer
from coalition.errors import AccessDenied
from coalition.service.partners import PartnerDirectory

__all__ = ["partner_signer"]


def partner_signer(keystore: Keystore, partners: PartnerDirectory, partner: str | int, now: int) -> Signer:
    """Return the latest key of a partner that may sign at a Unix time.

    Raises:
        NotFound: `partner_unknown`.
        AccessDenied: `partner_key_missing`.
    """
    partners.all()
    row = partners.find(partner)
    here = {keystore.address(name): name for name in keystore.names()}
    for one in reversed(row.keys):
        if one.key in here and not one.revoked_at and one.active_from <= now:
            return keystore.signer(here[one.key])
    raise AccessDenied(f"No signing key of {row.name} that counts now is in this keystore.", code="partner_key_missing")
