"""Mutua: certificate chains, mutual TLS between two consoles, and the migration of their devices."""

__version__ = "0.1.0"
