"""Sites, families, children, accounts: who belongs together, and who may see whom."""
