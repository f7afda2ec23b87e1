"""From images to a pretrained encoder: corpus, views, the loop and its log."""
