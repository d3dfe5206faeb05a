"""The base of every error a person can cause, and the errors that belong to no single part."""

from subscribers.errors import NewsletterError, NotFound

__all__ = ["NewsletterError", "NotFound", "SettingsInvalid"]


class SettingsInvalid(NewsletterError):
    """The settings have problems. Correct each one named and start again."""
