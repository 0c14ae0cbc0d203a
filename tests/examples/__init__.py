"""Applications that are not the house's own in shape, with tests as their owners would write them."""
