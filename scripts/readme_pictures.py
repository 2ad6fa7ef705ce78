"""The two pictures of the README, from a finished demo: what its best trial recovered, and the tree of its search.

python scripts/readme_pictures.py [FOLDER OF THE SWEEP]     # default: the newest one in outputs/sweeps
"""

import sys
from pathlib import Path

from PIL import Image

from hydra_llm.search.log.reader import read_sweep

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH, COLOURS = 1200, 64  # pixels; few colours make a small file


def main() -> int:
    if len(sys.argv) > 1:
        sweep = Path(sys.argv[1])
    else:
        found = sorted(
            (ROOT / "outputs" / "sweeps").glob("*/optimization_results.yaml"), key=lambda p: p.stat().st_mtime
        )
        if not found:
            print("There is no finished sweep in outputs/sweeps. Run `make demo` first.", file=sys.stderr)
            return 1
        sweep = found[-1].parent
    IMAGES.mkdir(exist_ok=True)
    shrink(best_confirmed(sweep) / "figures" / "functions.png", IMAGES / "recovered.png")
    shrink(max((sweep / "figures").glob("tree_block_*.png")), IMAGES / "tree.png")
    return 0


def best_confirmed(sweep: Path) -> Path:
    """The folder of a run of the best configuration with the full recipe, on fresh seeds."""
    runs = read_sweep(sweep).state.confirmations
    return next(Path(run.folder) for run in runs if (run.budget, run.proposal.role) == ("full", "best"))


def shrink(source: Path, target: Path) -> None:
    image = Image.open(source).convert("RGB")
    height = round(image.height * WIDTH / image.width)
    small = image.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    small.save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1000:.0f} kB from {source}")


if __name__ == "__main__":
    sys.exit(main())
