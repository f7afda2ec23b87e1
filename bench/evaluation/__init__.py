"""From a pretrained encoder to predictions: protocols, probes, the supervised loop."""
