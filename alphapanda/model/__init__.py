"""The values that flow: what happened, what is wanted, what is held. No I/O, no clock."""
