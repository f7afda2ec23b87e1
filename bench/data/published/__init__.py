"""What other projects published about data sets: their splits, and what their weights were pretrained on."""
