"""Redis as a view: snapshots that save time, and what people look at. The log can make all of it again."""
