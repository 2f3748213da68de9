"""Half 1: what goes into the caller's process. OpenTelemetry and wrapt, nothing else."""
