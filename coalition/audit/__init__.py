"""The witness: replays the whole book from its events and compares it with storage and the read model."""
