"""Everything an operator can do in the dashboard: one registry, and objects that carry the actions out."""
