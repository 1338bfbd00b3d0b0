"""The streams: one writer and any number of readers each."""
