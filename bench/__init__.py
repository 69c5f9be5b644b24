"""Measures the figures the project promises; `python -m bench` prints them beside their goals."""
