"""Every error code of `docs/errors.md` is produced by a test, and no other.

`scripts/test.py` loads this file into its runs of pytest (`-p tests.error_codes`). Each of them notes under `build/error-codes/`
which codes the product gave while its tests ran, and in which files of tests. When all are over, `python -m tests.error_codes`
compares the notes with the page. A run of pytest by hand notes nothing, and nothing is compared.

What counts is an error that code of `coalition/` made of what it was given. A test that makes an error itself, as the
fakes of the HTTP tests do, does not count, and neither does one that hands revert data to `chain/reverts.py`: that table is only
as good as the chain that answers. Of commands in processes of their own, what they print counts.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["documented", "note"]

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "build" / "error-codes"
PRODUCT = f"{ROOT / 'coalition'}{os.sep}"
TRANSLATOR = f"{ROOT / 'coalition' / 'chain' / 'reverts.py'}"
noted: dict[str, set[str]] = defaultdict(set)


def documented() -> dict[str, str]:
    """Return each code that has a row, with the column "where"."""
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    return {code: where.strip() for code, where in rows}


def note(code: str) -> None:
    """Remember that the product gave a code in the test that runs now."""
    noted[code].add(os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0])


def pytest_configure() -> None:
    """Watch where errors are made."""
    from coalition.api import errors as answers
    from coalition.chain.rpc import RpcError
    from coalition.client.errors import ApiError
    from coalition.errors import CoalitionError
    from coalition.service.files import RowError

    clients_own = {code for code, where in documented().items() if where == "client"}

    def code_of(frame: FrameType, error: Any, *_: object) -> str | None:
        is_told = not isinstance(error, RpcError)  # what a node answers becomes another error, nearly always
        return error.code if is_told and made_by_product(frame, error) else None

    watch(CoalitionError, "__init__", code_of)
    watch(RowError, "__init__", code_of)
    watch(ApiError, "__init__", lambda _, error, *__: error.code if error.code in clients_own else None)
    watch(answers, "_document", lambda frame, _, code, *__: None if passes_on(frame) else code)


def watch(owner: Any, name: str, code_of: Callable[..., str | None]) -> None:
    """Let `code_of` see the caller's frame and the arguments of each call of a function, after it."""
    original = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        code = code_of(sys._getframe(1), *arguments)
        if code is not None:
            note(code)
        return result

    setattr(owner, name, watched)


def made_by_product(frame: FrameType | None, error: object) -> bool:
    """Whether the call of an error's class stands in `coalition/`, and was not reached through the table of reverts alone."""
    while frame is not None and (
        frame.f_code.co_filename == TRANSLATOR
        or (frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is error)
    ):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(PRODUCT)


def passes_on(frame: FrameType) -> bool:
    """Whether a problem document tells an error that was made before, perhaps by a test."""
    return frame.f_code.co_name == "document_of"


def pytest_unconfigure() -> None:
    """Leave the notes of this process."""
    NOTES.mkdir(parents=True, exist_ok=True)
    lines = [f"{code} {file}\n" for code, files in sorted(noted.items()) for file in sorted(files)]
    (NOTES / f"{os.getpid()}.txt").write_text("".join(lines))


def main() -> int:
    """Compare the notes of all processes with the page; return 1 where they differ."""
    produced = {line.split()[0] for notes in NOTES.glob("*.txt") for line in notes.read_text().splitlines()}
    rows = set(documented())
    for code in sorted(rows - produced):
        print(f"{code}: docs/errors.md has it, and no test produced it")
    for code in sorted(produced - rows):
        print(f"{code}: a test produced it, and docs/errors.md has no row of it")
    print(f"{len(rows & produced)} of {len(rows)} documented error codes were produced by tests")
    return 1 if rows ^ produced else 0


if __name__ == "__main__":
    sys.exit(main())
