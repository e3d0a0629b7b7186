"""Where the store's facts come from: the log, the views, the supervisor, the log files; each is asked for ever."""
