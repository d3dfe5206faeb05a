"""Outgoing webhooks: what happens here is told to others' systems, signed, at least once."""
