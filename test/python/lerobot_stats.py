"""Statistics of images as LeRobot computes them from PNG files: prints them as JSON.

Usage: lerobot_stats.py FOLDER
The files are the frames of one episode, in the order of their names.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from lerobot.datasets.compute_stats import compute_episode_stats


def main(folder: str) -> None:
    paths = [str(path) for path in sorted(Path(folder).glob("*.png"))]
    features = {"observation.image": {"dtype": "image", "shape": (1, 1, 3)}}
    stats = compute_episode_stats({"observation.image": paths}, features)["observation.image"]
    print(json.dumps({name: value.flatten().tolist() for name, value in stats.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
