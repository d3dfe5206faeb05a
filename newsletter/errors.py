"""The base of every error a person can cause, where the packages above find it."""

from subscribers.errors import NewsletterError, NotFound

__all__ = ["NewsletterError", "NotFound"]
