"""The ledger: which copy of which campaign is where. One row a reader; nobody lost, nobody mailed twice by itself."""
