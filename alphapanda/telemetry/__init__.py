"""What a daemon says about itself: logs, metrics, health, and the HTTP server that shows them.

Import from the modules, so that each process loads only what it uses:

- `log.Logger` (the type to pass around), `log.Channel`, `log.LogLevel`: light.
- `logs.configure_logging`, once a process; `logs.get_logger`, where none was passed.
- `metrics.Metrics`, `health.Health`, `http.TelemetryServer`.

`alphapanda.operations.logs` reads the files.
"""
