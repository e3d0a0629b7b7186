"""Reads the log files of daemons and servers."""
