"""A console in one file: taking a backup, and restoring it into an empty console or over one (R25)."""
