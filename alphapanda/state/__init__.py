"""Redis as a view: snapshots that save time, and views for people. The log can rebuild all of it."""
