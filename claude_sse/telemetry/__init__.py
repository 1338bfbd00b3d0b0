"""What operators see: metrics, one log line per stream, traces."""
