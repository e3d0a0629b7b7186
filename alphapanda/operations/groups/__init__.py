"""Consumer groups: lag, measurement, export and reset."""
