"""Secrets that have to be read again, such as those that sign webhooks, encrypted where they are kept."""

from __future__ import annotations

import hmac
import secrets

from Crypto.Cipher import AES

from coalition.chain.keccak import keccak
from coalition.errors import SetupError

__all__ = ["WEBHOOK_SEED", "Seal"]

WEBHOOK_SEED = keccak(b"coalition webhook secrets")
"""What the key of the custody signs; the hash of the signature is the key of the seal, the same on every node that has it."""

NONCE_BYTES = 12
TAG_BYTES = 16


class Seal:
    """AES-256 in GCM with a random nonce in front and the tag behind. `owner` is authenticated: a secret opens for it only."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, content: bytes, owner: str) -> bytes:
        """Return the content encrypted."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
        cipher.update(owner.encode())
        encrypted, tag = cipher.encrypt_and_digest(content)
        return nonce + encrypted + tag

    def derived(self, text: str) -> bytes:
        """Return 32 bytes that are the same for the same text, and that nobody without the key knows (HMAC-SHA-256, RFC 2104)."""
        return hmac.digest(self._key, text.encode(), "sha256")

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Return what was sealed.

        Raises:
            SetupError: `seal_broken`: it was sealed with another key, for another owner, or changed.
        """
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=sealed[:NONCE_BYTES], mac_len=TAG_BYTES)
        cipher.update(owner.encode())
        try:
            return cipher.decrypt_and_verify(sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:])
        except ValueError:
            raise SetupError(
                f"A secret of {owner} does not open. It was sealed with the custody key of another keystore: rotate it.",
                code="seal_broken",
            ) from None
