"""The searcher that needs no language model: a Gaussian process, one pool of candidates, one scorer."""
