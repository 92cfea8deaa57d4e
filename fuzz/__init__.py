"""What is fuzzed, and how by coverage; ``tests/test_fuzz.py`` fuzzes the same by Hypothesis."""
