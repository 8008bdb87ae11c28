"""Lists of accounts that may take part: only the root of their Merkle tree is published.

The tree is OpenZeppelin's standard one: a leaf is keccak256(keccak256(abi.encode(account))), leaves are sorted by hash, and a
parent is the Keccak-256 of its two children, the smaller first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coalition.campaigns.findings import Place, Report, Written

__all__ = ["Keccak", "Segment", "account_fault", "checksum_address", "read_segment", "tree_of"]

Keccak = Callable[[bytes], bytes]
ACCOUNT = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
TOLD_MAX = 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A Merkle tree of accounts. `nodes` has the root first and the leaves last; the children of `i` are `2i + 1` and `2i + 2`."""

    accounts: tuple[str, ...]
    nodes: tuple[bytes, ...]
    places: dict[str, int]
    keccak: Keccak

    @property
    def root(self) -> bytes:
        """What is published."""
        return self.nodes[0]

    def proof_of(self, account: str) -> list[bytes]:
        """Return the hashes from the account's leaf up to the root.

        Raises:
            KeyError: the account is not in the list.
        """
        place = self.places[account.lower()]
        proof = []
        while place > 0:
            proof.append(self.nodes[place - 1 if place % 2 == 0 else place + 1])
            place = (place - 1) // 2
        return proof


def tree_of(accounts: Iterable[str], keccak: Keccak) -> Segment:
    """Return the tree of at least one account, each `0x` and 40 hexadecimal digits, none twice."""
    leaves = sorted((keccak(keccak(bytes.fromhex(account[2:]).rjust(32, b"\0"))), account) for account in accounts)
    count = len(leaves)
    nodes = [b""] * (2 * count - 1)
    places = {}
    for number, (leaf, account) in enumerate(leaves):
        place = len(nodes) - 1 - number
        nodes[place] = leaf
        places[account.lower()] = place
    for place in reversed(range(count - 1)):
        nodes[place] = keccak(b"".join(sorted((nodes[2 * place + 1], nodes[2 * place + 2]))))
    return Segment(tuple(account for _, account in leaves), tuple(nodes), places, keccak)


def account_fault(account: str, keccak: Keccak) -> str:
    """Return why a text is no account that can be a member's; empty if it is one."""
    if not ACCOUNT.fullmatch(account):
        return "it is not 0x and 40 hexadecimal digits"
    digits = account[2:]
    if not int(digits, 16):
        return "it is zero"
    is_mixed = digits.lower() != digits and digits.upper() != digits
    if is_mixed and checksum_address(account, keccak) != account:
        return "its capital letters do not match (EIP-55)"
    return ""


def checksum_address(account: str, keccak: Keccak) -> str:
    """Return an account with the capital letters of EIP-55."""
    digits = account[2:].lower()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(mark, 16) > 7 else letter for letter, mark in zip(digits, marks, strict=False)
    )


def read_segment(path: Path, place: Place, field: str, report: Report, keccak: Keccak) -> Segment | None:
    """Read a list with one account a line; a first line `account` is a heading. `place` and `field` name the list."""
    if not os.path.isfile(path):  # also for a name that no file can have
        report.add("segment_missing", place, field, value=Written(path.name))
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        report.add("not_utf8", Place(), file=path.name, byte=f"0x{error.object[error.start]:02x}")
        return None
    except OSError as error:
        report.add("file_unreadable", place, field, reason=error.strerror)
        return None
    accounts, faults = _accounts(lines, keccak)
    for line, code, values in faults[:TOLD_MAX]:
        report.add(code, Place(line, 1), file=path.name, **values)
    if len(faults) > TOLD_MAX:
        report.add("segment_more", Place(faults[TOLD_MAX][0], 1), file=path.name, count=len(faults) - TOLD_MAX)
    if not accounts and not faults:
        report.add("segment_empty", place, field)
    return tree_of(accounts, keccak) if accounts and not faults else None


def _accounts(lines: list[str], keccak: Keccak) -> tuple[list[str], list[tuple[int, str, dict[str, Any]]]]:
    """Return the accounts, and for each line that is wrong its number, the message's code and what fills its gaps."""
    known: dict[str, int] = {}
    faults: list[tuple[int, str, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        account = line.strip().strip('"')
        if not account or (number == 1 and account.lower() == "account"):
            continue
        fault = account_fault(account, keccak)
        if fault:
            faults.append((number, "segment_line_invalid", {"value": Written(account), "reason": fault}))
        elif account.lower() in known:
            faults.append((number, "segment_account_twice", {"line": known[account.lower()]}))
        else:
            known[account.lower()] = number
    return list(known), faults
