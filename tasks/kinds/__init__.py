"""Task kinds: what a head is, how it is trained, how its predictions are scored."""
