"""Serves a ledger as `coalition up` does, on a free port: `server.py HOME [PROFILE]`, the address on standard output.

With PROFILE a thread looks every few milliseconds at what each thread is doing and how much processor time it has used since, and
writes the sums by stage there at the end.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

from benches.stages import profiled
from coalition.bootstrap import open_ledger
from coalition.bootstrap.serving import logged, serve
from coalition.settings import Settings


def main() -> None:
    """Serve until SIGTERM."""
    home, profile = Path(sys.argv[1]), sys.argv[2:]
    settings = Settings.from_environment(home)
    with (
        logged(settings) as log,
        open_ledger(settings) as ledger,
        profiled(Path(profile[0])) if profile else nullcontext(),
    ):
        serve(ledger, "127.0.0.1", 0, lambda url: print(url, flush=True), log)


if __name__ == "__main__":
    main()
