"""The monitor daemon: metrics about the whole deployment, and its audit records and alerts into the log."""
