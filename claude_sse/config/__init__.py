"""The settings: their names, checks and where they come from."""
