"""What developers of this project run: the lock of behaviour."""
