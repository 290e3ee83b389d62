"""What comes in: the contract of each feed, the landing reader, the split staged | quarantined."""
