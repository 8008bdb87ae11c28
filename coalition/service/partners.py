"""Partners by number or name, from the read model."""

from __future__ import annotations

from coalition.errors import InputError, NotFound
from coalition.index.partners import PartnerRow
from coalition.index.queries import Queries

__all__ = ["PartnerDirectory"]


class PartnerDirectory:
    """Finds partners; asks the read model again for those it does not know yet."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._by_name: dict[str, PartnerRow] = {}

    def all(self) -> list[PartnerRow]:
        """Return all partners, in the order in which they joined."""
        rows = self._queries.partners()
        self._by_name = {row.name: row for row in rows} | {str(row.partner): row for row in rows}
        return rows

    def find(self, partner: str | int) -> PartnerRow:
        """Return the partner of that number or name.

        Raises:
            NotFound: `partner_unknown`.
        """
        wanted = str(partner)
        if wanted not in self._by_name:
            self.all()
        found = self._by_name.get(wanted)
        if found is None:
            known = ", ".join(sorted(name for name in self._by_name if not name.isdecimal())) or "none yet"
            raise NotFound(f"There is no partner {wanted[:80]!r}. Known: {known}.", code="partner_unknown")
        return found

    def check_currency(self, partner: PartnerRow, currency: str | None) -> None:
        """Make sure that an amount is in the partner's currency (ISO 4217); None means that it is.

        Raises:
            InputError: `currency_wrong`.
        """
        if currency is not None and currency != partner.currency:
            raise InputError(
                f"{partner.name} settles in {partner.currency}; this amount is in {currency[:10]!r}.",
                code="currency_wrong",
                expected=partner.currency,
            )
