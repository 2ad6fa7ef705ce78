"""The other end of a launch behind a prefix: `python -m hydra_llm.sweeper.job.prefixed_job`, a job on standard input.

The job's callbacks write how it ended into its folder (result_recorder.py), and nothing else is handed back.
"""

import os
import pickle
import sys

from hydra.core.singleton import Singleton
from hydra.core.utils import run_job, setup_globals


def main() -> None:
    context, task_function, config, state = pickle.load(sys.stdin.buffer)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    setup_globals()
    Singleton.set_state(state)
    run_job(
        hydra_context=context,
        task_function=task_function,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


if __name__ == "__main__":
    main()
