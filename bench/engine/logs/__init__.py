"""Logs of trainings for people: CSV files, TensorBoard, wandb. No score and no resuming depends on them."""
