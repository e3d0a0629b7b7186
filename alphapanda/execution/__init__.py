"""What becomes of orders: their book, the paper exchange, positions and profit. Pure."""
