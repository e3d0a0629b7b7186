"""The venue: orders in, quotes in between, reports out. It knows no signals, no log, no Kafka."""
