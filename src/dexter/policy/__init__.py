"""Pure decisions: they take values and give values, and know neither clock, network, environment nor chance."""
