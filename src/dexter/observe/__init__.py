"""Who watches: metrics, logs and timings as equal subscribers of frozen records."""
