"""The settings: their table, parsers and sources."""
