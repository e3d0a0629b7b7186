"""Consumer groups: where they stand, how far behind in records and seconds, and how to move them."""
