"""The ground floor: topic names, the declared catalogue, dead letters, schemas."""
