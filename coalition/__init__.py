"""One loyalty ledger for many merchants: points, campaigns and settlement on a permissioned chain."""

__all__ = ["__version__"]

__version__ = "0.1.0"
