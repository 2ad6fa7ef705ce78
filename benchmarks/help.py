"""How long `python train.py --help` takes, from the shell and back.

python benchmarks/help.py
"""

import argparse
import subprocess
import sys

from _report import ROOT, publish, repeated, spread


def main() -> None:
    parser = argparse.ArgumentParser(description="Time commands that should answer at once.")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rows = []
    for arguments in (["--help"], ["--cfg", "job"], ["--cfg", "hydra", "hydra/sweeper=llm_ucb"]):

        def call(arguments=arguments) -> None:
            command = [sys.executable, "train.py", *arguments]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

        call()  # the first call compiles modules
        times = spread(repeated(call, options.repeats))
        shown = " ".join(["python train.py", *arguments])
        rows.append({"command": f"`{shown}`", **{f"{k} (s)" if k != "repeats" else k: v for k, v in times.items()}})
    publish("help", "Commands that should answer at once", rows, packages=("hydra-core",))


if __name__ == "__main__":
    main()
