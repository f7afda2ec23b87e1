"""The nouns, the registry, identity, errors and the console: imports nothing of the other rooms."""
