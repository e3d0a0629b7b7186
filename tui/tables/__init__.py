"""The tables: what each shows of the store."""
