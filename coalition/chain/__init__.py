"""The chain: the only place that knows ABIs, JSON-RPC, keys and nodes."""
