"""The command `coalition`."""

from coalition.cli.main import main

__all__ = ["main"]
