"""The same small program, as one would write it elsewhere: ask Claude, pass each text on."""
