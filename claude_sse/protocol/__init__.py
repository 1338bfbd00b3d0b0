"""The words of the wire: questions, frames, errors."""
