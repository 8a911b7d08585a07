"""Fleet -> snapshot -> desired -> plan, without a network."""
