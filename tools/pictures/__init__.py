"""Pictures for the documents, taken of real letters in a real browser: `make pictures`."""
