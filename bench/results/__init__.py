"""Records, the store, and the tables made from them; nothing here trains or loads a plugin."""
