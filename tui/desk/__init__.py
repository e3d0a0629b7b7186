"""What the screens show: folds of the log, of the views and of what the supervisor says. No widgets, no I/O."""
