"""The configured loss, and beside it the error after a few Euler steps of the network.

python train.py training=signal_adam training/strategy=custom \\
    training.strategy.source=examples/strategies/rollout_too.py

For phase 2 of metabolism: simulation=metabolism_homeostasis training.k=frozen training/strategy=[start,custom]
"""


class RolloutToo:
    horizon = 4  # frames behind the first one that a sample needs

    def loss(self, model, batch, step):
        u = batch.state(0)
        for k in range(self.horizon):
            u = u + batch.delta_t * model(u, batch.input(k))
        miss = (u - batch.state(self.horizon)) / (self.horizon * batch.delta_t)
        rollout = miss.pow(2).mean().sqrt()
        return step.configured() + 0.1 * rollout, {"rollout": rollout.detach()}
