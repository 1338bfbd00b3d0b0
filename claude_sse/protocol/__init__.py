"""The vocabulary of the wire: questions, frames and errors."""
