"""Lightning callbacks: what happens beside simulation and training."""
