"""The addresses and shapes of earlier Dexters: still answered, marked with what took their place."""
