"""Schemas of the events: generated from the structs, compared, checked for compatibility, registered."""
