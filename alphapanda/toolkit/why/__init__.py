"""The chain behind an order or an event: found in the log by its id, told as a timeline."""
