"""Apache Kafka and Valkey as children of ours: `pip` alone brings both."""
