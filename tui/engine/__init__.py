"""What paints fast: rings of rows, filters, tables and logs that draw only the lines that changed."""
