"""The life of a campaign: made, approved, scheduled, prepared; and the streams of single mails."""
