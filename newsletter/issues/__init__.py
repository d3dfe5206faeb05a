"""Issues: the document editors write, and its saved revisions."""
