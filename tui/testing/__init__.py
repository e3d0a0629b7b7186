"""A seeded deployment in memory, for the tests and the pictures of the dashboard."""
