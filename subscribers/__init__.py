"""Who reads, and with what consent. Imports nothing of `newsletter`."""
