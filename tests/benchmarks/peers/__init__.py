"""The same small model, followed by other people's history packages: peers of the record in the
benchmarks."""
