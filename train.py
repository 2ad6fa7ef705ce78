"""One run: simulate, fit, evaluate.

python train.py                              the default regime, under a minute on a laptop
python train.py simulation=signal_low_rank   another regime, with its own model, training and search
python train.py -m hydra/sweeper=llm_ucb     the closed loop: search over such runs
"""

from hydra_llm.train import command

if __name__ == "__main__":
    command()
