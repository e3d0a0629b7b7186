"""Keeps the processes of one deployment running: infrastructure, one-time jobs and daemons."""
