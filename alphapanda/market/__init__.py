"""The market as values: sessions, instruments, recordings, a simulated exchange, bars. Pure."""
