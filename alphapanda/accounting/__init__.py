"""Positions, cash and profit: the fold of fills. It knows no signals, no log, no Kafka."""
