"""Public pages and what mail programs request. Thin: parse, one call, answer."""
