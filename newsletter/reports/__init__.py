"""What became of a campaign and what came back: read-only figures, humans and machines apart, small groups hidden."""
