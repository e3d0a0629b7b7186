"""Kafka and Redis for every tier: embedded children of ours, or servers that somebody else runs."""
