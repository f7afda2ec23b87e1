"""Benchmark harness for self-supervised pretraining in medical imaging."""

__version__ = "0.1.0"
