"""Getting every counted squeeze from the hub to the store, whatever dies on the way."""
