"""Pure rendering: a document and a reader become a subject, HTML and text."""
