"""The management console: a process with a public listener for people and programs, and one for peers."""
