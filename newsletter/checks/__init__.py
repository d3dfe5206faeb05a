"""Findings on an issue before it may be sent."""
