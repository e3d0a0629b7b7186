"""Kafka and Redis for every tier: embedded child processes, or servers run by others."""
