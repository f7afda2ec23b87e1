"""Near duplicates: copies of an image that were resized, compressed, mirrored, cropped a little or made brighter."""
