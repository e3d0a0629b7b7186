"""What moves events between the log and the stages: ports, runners, recovery, dead letters."""
