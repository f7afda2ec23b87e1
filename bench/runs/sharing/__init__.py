"""Results that are shared, held against the data sets that they were made on."""
