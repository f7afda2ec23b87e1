"""What the methods that mask patches share: the plain view, masks, and what is restored."""
