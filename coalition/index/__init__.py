"""The read model: follows the chain, answers questions quickly, and can be dropped and rebuilt at any time."""
