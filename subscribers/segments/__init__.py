"""Segments: rules in a small typed language, compiled to one SELECT. Never SQL from a person."""
