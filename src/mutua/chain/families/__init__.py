"""What families of verifiers say of a chain: they differ on ordinary material."""
