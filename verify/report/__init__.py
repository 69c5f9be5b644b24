"""One HTML file that shows a run: nothing in it comes from a network, nothing in it is secret."""
