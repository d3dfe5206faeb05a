"""The mail that comes back: where it is fetched from, and how it is taken."""
