"""What every training shares: device and precision, loaders, optimisers, seeds, resuming, cost."""
