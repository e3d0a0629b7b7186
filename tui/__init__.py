"""The dashboard. It reads, and sends commands as events; it never trades."""
