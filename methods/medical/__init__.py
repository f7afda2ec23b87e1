"""What the pretexts of medical imaging are made of: deformed slices and their decoder, crops of known place."""
