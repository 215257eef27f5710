"""Tools of other makers, one driver each, behind the contract in `contract`."""
