"""Files that are kept between commands: with a digest, with a checksum, and made by one command at a time."""
