"""What the operator's verbs on the log are made of: ranges of offsets and times, filters. Pure; no I/O."""
