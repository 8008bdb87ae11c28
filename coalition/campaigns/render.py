"""A preview for the terminal: a table, and bars."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from coalition.campaigns.document import Context
from coalition.campaigns.simulate import Bin, Preview
from coalition.campaigns.written import time_of

__all__ = ["bars", "label_of", "rendered", "sentence"]

BAR_CELLS = 40
EIGHTHS = " ▏▎▍▌▋▊▉"


def sentence(preview: Preview) -> str:
    """The preview in one sentence."""
    members = "member" if preview.members_reached == 1 else "members"
    return (
        f"This would have cost {preview.points_total:,} points, reached {preview.members_reached:,} {members} "
        f"of {preview.members_seen:,}, and used {preview.budget_used_bps / 100:.1f} % of the budget."
    )


def rendered(preview: Preview, context: Context) -> Group:
    """The preview as rich prints it."""
    parts: list[Text | Table] = [Text(sentence(preview), style="bold"), _table(preview, context)]
    parts += bars("Points per member", preview.points_per_member, "member")
    if preview.short_by:
        parts += bars(f"On their way: {preview.short_unit} short of the next award", preview.short_by, "member")
    parts += [Text(f"Note: {note}", style="italic") for note in preview.notes]
    return Group(*parts)


def bars(title: str, bins: Sequence[Bin], unit: str) -> list[Text | Table]:
    """A bar for each bin, the longest over the whole width."""
    if not bins:
        return [Text(f"{title}: none.")]
    most = max(one.members for one in bins)
    table = Table(title=title, title_justify="left", box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column(width=BAR_CELLS)
    table.add_column(justify="right")
    for one in bins:
        eighths = one.members * BAR_CELLS * 8 // most
        bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        table.add_row(
            label_of(one),
            bar or ("▏" if one.members else ""),
            f"{one.members:,} {unit}{'' if one.members == 1 else 's'}",
        )
    return [Text(), table]


def label_of(one: Bin) -> str:
    """The bin's bounds."""
    return f"{one.lowest:,}" if one.lowest == one.highest else f"{one.lowest:,}–{one.highest:,}"


def _table(preview: Preview, context: Context) -> Table:
    table = Table(title=f"{preview.name} ({preview.kind})", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    out = time_of(preview.ran_out_at) if preview.ran_out_at is not None else "never"
    rows: dict[str, object] = {"purchases that could count": f"{preview.purchases:,}"}
    if preview.actions:
        rows["attested actions"] = _of_which(preview.actions, preview.actions_refused)
    if preview.invitations:
        rows["invitations"] = _of_which(preview.invitations, preview.invitations_refused)
    some = "any of these" if preview.actions or preview.invitations else "such a purchase"
    rows |= {
        f"members with {some}": f"{preview.members_seen:,}",
        "members with progress": f"{preview.members_with_progress:,}",
        "members that were paid": f"{preview.members_reached:,}",
        "awards": f"{preview.awards:,}",
        "awards cut by budget or cap": f"{preview.awards_cut:,}",
        "points": f"{preview.points_total:,}",
        "budget": f"{preview.budget_points:,}",
        "budget used up": out,
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    for number, points in preview.points_by_sponsor.items():
        table.add_row(f"paid by {context.partner_name(number)}", f"{points:,}")
    for month, points in preview.points_by_month.items():
        table.add_row(f"in {month}", f"{points:,}")
    return table


def _of_which(count: int, refused: int) -> str:
    return f"{count:,} ({refused:,} refused)" if refused else f"{count:,}"
