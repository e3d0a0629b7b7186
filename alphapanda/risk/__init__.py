"""What may be traded: limits, one check each, and the stage that applies them. Pure."""
