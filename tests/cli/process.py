"""The real command in processes of its own, and what it leaves running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.error_codes import note

__all__ = ["ROOT", "Result", "Served", "coalition", "left_running", "spawn", "up", "wait_until"]

ROOT = Path(__file__).resolve().parents[2]
START = [sys.executable, "-W", "ignore", "-c", "from coalition.cli import main; main(prog_name='coalition')"]
TIMEOUT = 180


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of its output."""
        return json.loads(self.out.splitlines()[-1])


def environment(home: Path | None, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COALITION_")}
    return kept | ({} if home is None else {"COALITION_HOME": str(home)}) | {"COLUMNS": "200", "NO_COLOR": "1"} | more


def spawn(home: Path | None, *arguments: object, **more: str) -> subprocess.Popen[str]:
    """Start a command, with `more` in its environment, and do not wait for it."""
    command = [*START, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment(home, **more), stdout=pipe, stderr=pipe, text=True)


def coalition(home: Path | None, *arguments: object, status: int | None = 0) -> Result:
    """Run a command to its end, which has to be `status`."""
    process = spawn(home, *arguments)
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{arguments} did not end: {out}\n{err}") from None
    assert "Traceback" not in err, err
    assert status is None or process.returncode == status, f"{arguments} ended with {process.returncode}: {out}\n{err}"
    told = re.search(r"^error: .*\((\w+)\)$", err, re.MULTILINE | re.DOTALL)  # its sentence may have codes of its own
    if told:
        note(told[1])
    return Result(process.returncode, out, err)


def left_running(home: Path) -> list[str]:
    """Command lines of the processes that belong to a home: they name it, or work in it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            inside = os.readlink(folder / "cwd")
        except OSError:
            continue  # it ended meanwhile
        mine = int(folder.name) != os.getpid()
        if mine and (str(home) in words or inside == str(home) or inside.startswith(f"{home}/")):
            found.append(f"{folder.name} {words}")
    return found


def wait_until(is_so: Any, seconds: float = 60.0) -> None:
    """Wait until something is true."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, "it never came to be"
        time.sleep(0.02)


@dataclass
class Served:
    """A running `coalition up`."""

    process: subprocess.Popen[str]
    url: str

    def stop(self) -> str:
        """Ctrl-C; return what it said."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=TIMEOUT)
        return err


@contextmanager
def up(home: Path, **more: str) -> Iterator[Served]:
    """Serve a home, with `more` in its environment, and stop serving it at the end."""
    process = spawn(home, "up", "--port", "0", **more)
    assert process.stderr is not None
    try:
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("API: "):
                break
        assert said and said[-1].startswith("API: "), "".join(said)
        yield Served(process, said[-1].split()[1].removesuffix("/v1"))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=TIMEOUT)
