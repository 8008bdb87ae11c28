"""Who may call, and what they may do: API keys, tokens, scopes, sources, rate limits, and the log of administration."""

from coalition.access.access import Access
from coalition.access.admin_log import AdminLog, AdminRow
from coalition.access.credentials import CredentialStore
from coalition.access.limiting import Quota, RateLimits
from coalition.access.records import Credential, Grant
from coalition.access.scopes import Scope

__all__ = [
    "Access",
    "AdminLog",
    "AdminRow",
    "Credential",
    "CredentialStore",
    "Grant",
    "Quota",
    "RateLimits",
    "Scope",
]
