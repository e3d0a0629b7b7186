"""Operators' commands to a broker: sent through the log, followed until they are obeyed, audited."""
