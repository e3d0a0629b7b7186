"""The parts of the log reader: files in order, lines with times, merging, following."""
