"""What is known of a coalition without its chain: enough to check a campaign's file, and to try it on past purchases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coalition.bootstrap.home import open_keystore
from coalition.campaigns.currencies import decimals_of_all
from coalition.campaigns.document import Context
from coalition.campaigns.tier_file import TierFile, read_tiers
from coalition.chain.addresses import checksummed, is_address
from coalition.chain.keccak import keccak
from coalition.errors import SetupError
from coalition.index.database import open_database
from coalition.index.queries import Queries
from coalition.service.campaign_files import CampaignFiles, names_in
from coalition.service.custody import CUSTODY_SEED, Custody
from coalition.settings import Settings

__all__ = ["Offline", "offline"]


@dataclass(frozen=True, slots=True)
class Offline:
    """A coalition as its folder tells it; without a ledger, as a file itself does.

    `rates_bps` are the partners' base rates; empty without a ledger. `now` is the last block's time, `account` finds a member's
    account, `operator` is the operator's address (empty without a ledger), `queries` is None without a ledger.
    """

    partners: Mapping[str, int]
    currencies: frozenset[str]
    rates_bps: Mapping[int, int]
    now: int
    tiers: TierFile | None
    account: Callable[[str], str]
    operator: str
    queries: Queries | None

    def context(self, *, past: bool = False, decimals: int | None = None) -> Context:
        """What files are checked against; with `past`, windows may lie in the past.

        Raises:
            InputError: `decimals_differ` if `decimals` are not given and the partners' currencies do not agree on them.
        """
        names = self.tiers.tier_names if self.tiers else ()
        digits = decimals_of_all(self.currencies) if decimals is None else decimals
        return Context(self.partners, keccak, names, None if past else self.now, digits)


@contextmanager
def offline(settings: Settings, files: Sequence[Path] = (), tiers: Path | None = None) -> Iterator[Offline]:
    """Yield what is known; where there is no ledger, the partners that `files` name are taken for known.

    `tiers` is the file of a programme, instead of the one that counts.

    Raises:
        InputError: `campaign_invalid`, with what is wrong in `tiers`.
    """
    programme = read_tiers(tiers) if tiers else None
    if not settings.deployment_file.exists():
        names = dict.fromkeys(name for file in files for name in names_in(file))
        partners = {name: number for number, name in enumerate(names, 1)}
        yield Offline(partners, frozenset(), {}, int(time.time()), programme, _made_up, "", None)
        return
    engine = open_database(settings.index_url)
    try:
        queries = Queries(engine)
        try:
            now, rows = queries.head().timestamp, queries.partners()
            programme = programme or _programme(queries, CampaignFiles(settings.campaigns), now)
        except SetupError:  # nothing was read of the chain yet
            now, rows = int(time.time()), []
        keystore = open_keystore(settings)
        custody = Custody(keccak(keystore.signer("custody").sign(CUSTODY_SEED)))
        names_ = {row.name: row.partner for row in rows}
        rates = {row.partner: row.at(now).earn_rate_bps for row in rows}
        currencies = frozenset(row.currency for row in rows)
        yield Offline(names_, currencies, rates, now, programme, custody.account, keystore.address("operator"), queries)
    finally:
        engine.dispose()


def _programme(queries: Queries, files: CampaignFiles, now: int) -> TierFile | None:
    counting = [row.programme for row in queries.programmes() if row.effective_from <= now]
    return files.find_tiers(counting[-1]) if counting else None


def _made_up(member: str) -> str:
    """An account for a reference, where no custody knows one."""
    return member if is_address(member) else checksummed(keccak(member.encode())[12:].hex())
