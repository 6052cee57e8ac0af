"""Where it stays: the state folder, the database and its schema, the sealing of secrets."""
