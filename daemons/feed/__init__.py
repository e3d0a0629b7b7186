"""The feed daemon: sources of ticks, the bounded queue behind them, and their way into the log."""
