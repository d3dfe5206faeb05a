"""Pure rendering: a document and a variant become content with slots; a reader's values make it one message."""
