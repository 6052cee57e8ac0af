"""Two consoles: who each of them is, and how they come to trust each other."""
