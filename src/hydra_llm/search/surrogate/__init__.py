"""A Gaussian process over configurations: what the search believes of those that ran and of those that did not."""
