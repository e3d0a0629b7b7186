"""Orders: their store, their events and the paper trader between signals and the exchange. Pure."""
