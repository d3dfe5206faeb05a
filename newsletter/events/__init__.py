"""What came back, in one vocabulary."""
