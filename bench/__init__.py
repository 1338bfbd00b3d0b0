"""Measures this server beside its peers; ``script/bench`` runs it, README.md tells how."""
