"""The `mutua` command: one module per verb, holding its help, its options and its action."""
