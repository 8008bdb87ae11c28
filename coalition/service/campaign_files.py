"""Campaign files that are kept: what sponsors read must be there when somebody asks what was agreed.

A file is kept in a folder named by the hash that the terms have of it, with the root of its segment's list where there is one.
So whoever holds a ledger's folder can show the text again, and prove who is on the list.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from coalition.campaigns.check import check
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.findings import Report
from coalition.campaigns.source import Entries, Items, Node, Scalar, read_source
from coalition.campaigns.tier_file import TierFile, check_tiers
from coalition.chain.keccak import keccak
from coalition.errors import InputError, StorageFull
from coalition.ledger.campaigns.terms import NO_HASH, Terms
from coalition.ledger.tiers import Programme

__all__ = ["CampaignFiles", "names_in", "written_out"]

FILE, LIST = "campaign", "segment"
SEGMENT_FILE = "segment.csv"
DIGITS = (2, 0, 3, 4)


class CampaignFiles:
    """The folder of kept files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, path: Path, campaign: Campaign) -> None:
        """Keep a campaign's file, and the list of its segment under the name that the file gives it.

        Raises:
            StorageFull: it cannot be written.
        """
        root = campaign.segment.root if campaign.segment else NO_HASH
        folder = self._place(keccak(campaign.content), root)
        if campaign.segment:
            lines = "".join(f"{account}\n" for account in ("account", *campaign.segment.accounts))
            _write(folder / _list_named(path), lines.encode())
        # the file itself comes last: where it is, its list is
        _write(folder / f"{FILE}{_suffix(path)}", campaign.content)

    def find(self, terms: Terms, context: Context) -> Campaign | None:
        """Return the campaign that these terms were made of; None if its file is not here or is another."""
        folder = self._place(terms.document, terms.segment)
        for file in sorted(folder.glob(f"{FILE}.*")):
            for digits in dict.fromkeys((context.minor_digits, *DIGITS)):
                # a campaign under way has opened: the past is no fault here
                campaign = check(file, replace(context, now=None, minor_digits=digits)).campaign
                if campaign is not None and _is_of(campaign, terms):
                    return campaign
        return None

    def name_of(self, terms: Terms) -> str | None:
        """Return the campaign's name, as the file that the terms name says it; None if it is not here."""
        files = sorted(self._place(terms.document, terms.segment).glob(f"{FILE}.*"))
        agreed = next((file for file in files if keccak(file.read_bytes()) == terms.document), None)
        root = read_source(agreed, Report(agreed.name)).root if agreed else None
        if not isinstance(root, Entries):
            return None
        names = (node.text.strip() for key, node in root.pairs if key.text == FILE and isinstance(node, Scalar))
        return next(names, None)

    def keep_tiers(self, path: Path, programme: Programme) -> None:
        """Keep the file of a programme of tiers, which has the tiers' names."""
        _write(self._tiers_file(programme), path.read_bytes())

    def find_tiers(self, programme: Programme) -> TierFile | None:
        """Return the file of a programme; None if it is not here."""
        file = self._tiers_file(programme)
        return check_tiers(file).tiers if file.is_file() else None

    def _place(self, document: bytes, root: bytes) -> Path:
        name = document.hex() if root == NO_HASH else f"{document.hex()}-{root.hex()}"
        return self._folder / name

    def _tiers_file(self, programme: Programme) -> Path:
        return self._folder / "tiers" / f"{keccak(repr(programme).encode()).hex()}.yaml"


@contextmanager
def written_out(content: Mapping[str, Any] | str, accounts: Sequence[str] | None) -> Iterator[Path]:
    """Yield the path of a file that says `content`, for as long as it is needed; `accounts` are the list that it names.

    A text is written as it is, fields as JSON with an indent of two. A list that is named and does not come is left to the check,
    which says so with its line.

    Raises:
        InputError: `campaign_invalid` if there is a list that the file does not name.
    """
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{FILE}.{'json' if _is_json(text) else 'yaml'}"
        # half of a letter, which JSON can spell, becomes a question mark, as where files are read
        path.write_bytes(text.encode(errors="replace"))
        if accounts is not None:
            name = _list_named(path)
            if name in ("", "none"):
                raise InputError(
                    f"Only a file with a `{LIST}` brings accounts: write `{LIST}: {SEGMENT_FILE}` in it, or send none.",
                    code="campaign_invalid",
                )
            if name != path.name:
                _write_beside(path, name, "".join(f"{account}\n" for account in ("account", *accounts)))
        yield path


def names_in(path: Path) -> list[str]:
    """Return the names of partners in a file, for a check where there is no ledger to ask; empty if it cannot be read."""
    root = read_source(path, Report(path.name)).root
    if not isinstance(root, Entries):
        return []
    names: list[str] = []
    for key, node in root.pairs:
        if key.text in ("partners", "sponsors"):
            names += _texts(node)
    return list(dict.fromkeys(names))


def _texts(node: Node) -> list[str]:
    if isinstance(node, Items):
        return [one.text for one in node.nodes if isinstance(one, Scalar)]
    return [key.text for key, _ in node.pairs] if isinstance(node, Entries) else []


def _is_of(campaign: Campaign, terms: Terms) -> bool:
    """True if it is the file that was agreed, with amounts read as they were then."""
    return keccak(campaign.content) == terms.document and campaign.rule_terms.to_words() == terms.rule_terms


def _list_named(path: Path) -> str:
    """The name that a file gives its list; empty if it gives none."""
    root = read_source(path, Report(path.name)).root
    pairs = root.pairs if isinstance(root, Entries) else ()
    names = (node.text.strip() for key, node in pairs if key.text == LIST and isinstance(node, Scalar))
    return next(names, "")


def _write_beside(path: Path, name: str, lines: str) -> None:
    """A name that no file beside `path` can have is left to the check, which says so."""
    if Path(name).name == name:
        with suppress(OSError, ValueError):
            path.with_name(name).write_text(lines)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _suffix(path: Path) -> str:
    return ".json" if path.suffix.lower() == ".json" else ".yaml"


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        raise StorageFull(f"{file} cannot be written ({error.strerror}). Make room on the disk.") from None
