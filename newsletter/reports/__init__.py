"""Read-only statistics."""
