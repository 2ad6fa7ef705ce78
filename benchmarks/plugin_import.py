"""What the plugin costs every Hydra application of its environment: the import of its scanned modules.

python benchmarks/plugin_import.py
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

from _report import publish

SCAN = """
import json
from hydra.core.plugins import Plugins
times = Plugins.instance().get_stats().modules_import_time
print(json.dumps({name: seconds for name, seconds in times.items()}))
"""
OURS = "hydra_plugins.hydra_llm_ucb_sweeper"


def main() -> None:
    parser = argparse.ArgumentParser(description="Time Hydra's scan for plugins.")
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    scans = [scan() for _ in range(options.repeats)]
    rows = []
    for name, belongs in (("this plugin", True), ("all other plugins", False)):
        totals = [1e3 * sum(t for m, t in found.items() if m.startswith(OURS) == belongs) for found in scans]
        rows.append({"modules": name, "median (ms)": statistics.median(totals), "fastest (ms)": min(totals)})
    note = f"{options.repeats} fresh interpreters, compiled modules. Wanted for this plugin: 5 ms."
    publish("plugin_import", "Import of the plugin by Hydra's scan", rows, packages=("hydra-core",), note=note)


def scan() -> dict[str, float]:
    """Seconds per scanned module, in a fresh interpreter away from the repository."""
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run([sys.executable, "-c", SCAN], cwd=elsewhere, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
