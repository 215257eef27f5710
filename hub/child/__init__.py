"""Everything of one child: found in every place, taken along, or erased for good."""
