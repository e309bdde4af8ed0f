"""Business clocks: how long the firm takes from one event to another, against targets, in working time."""
