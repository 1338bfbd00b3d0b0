"""What the people who run it see: metrics, one log line per stream, traces."""
