"""Reads a dataset with LeRobot itself and compares every item with what was written.

Usage: lerobot_read.py DATASET EXPECTED
EXPECTED is a JSON file; paths in it are of raw RGB frames, uint8 [frames, height, width, 3].
Prints one JSON object. Ends with an error at the first difference.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset

VIDEO_TOLERANCE = 3 / 255
"""Decoders round the conversion from YUV to RGB differently; in [0, 1]."""


def main(root: str, expected_path: str) -> None:
    with open(expected_path) as file:
        expected = json.load(file)
    dataset = LeRobotDataset("local/set", root=root, video_backend="pyav")
    frames = [(episode, frame) for episode in expected["episodes"] for frame in range(episode["length"])]
    assert len(dataset) == len(frames), (len(dataset), len(frames))
    assert dataset.num_episodes == len(expected["episodes"])
    assert dataset.fps == expected["fps"]

    worst_video = 0.0
    start = 0
    for episode in expected["episodes"]:
        for frame in range(episode["length"]):
            worst_video = max(worst_video, compare_item(dataset[start + frame], episode, frame, start, expected["fps"]))
        start += episode["length"]
    compare_stats(dataset.meta.stats, expected["stats"])
    print(json.dumps({"items": len(frames), "windows": compare_windows(root, expected), "worst_video": worst_video}))


def compare_item(item: dict, episode: dict, frame: int, start: int, fps: int) -> float:
    """Returns the largest difference of a video's pixels, in [0, 1]."""
    assert item["episode_index"].item() == episode["index"]
    assert item["frame_index"].item() == frame
    assert item["index"].item() == start + frame
    assert abs(item["timestamp"].item() - frame / fps) < 1e-6
    assert item["task"] == episode["task"], item["task"]
    for name, values in episode["columns"].items():
        value = item[name]
        assert value.dtype == torch.float32, (name, value.dtype)
        assert np.array_equal(value.numpy(), np.float32(values[frame])), name
    for name, values in episode["strings"].items():
        assert item[name] == values[frame], item[name]
    for name, camera in episode["images"].items():
        assert torch.equal(item[name], channels_first(camera, frame)), name
    worst = 0.0
    for name, camera in episode["videos"].items():
        image = item[name]
        assert image.dtype == torch.float32, image.dtype
        assert image.shape == (3, camera["height"], camera["width"]), image.shape
        worst = max(worst, (image - channels_first(camera, frame)).abs().max().item())
    assert worst <= VIDEO_TOLERANCE, worst
    return worst


def channels_first(camera: dict, frame: int) -> torch.Tensor:
    """float32 [3, height, width] in [0, 1]."""
    shape = (-1, camera["height"], camera["width"], 3)
    frames = np.fromfile(camera["path"], dtype=np.uint8).reshape(shape)
    return torch.from_numpy(frames[frame].copy()).permute(2, 0, 1).float() / 255


def compare_windows(root: str, expected: dict) -> int:
    """Items with neighbours in time: clamped to the episode, with flags where they were clamped."""
    fps = expected["fps"]
    names = list(expected["episodes"][0]["columns"])
    cameras = list(expected["episodes"][0]["videos"])
    offsets = [-1, 0, 1]
    windows = {name: [offset / fps for offset in offsets] for name in names + cameras}
    dataset = LeRobotDataset("local/set", root=root, video_backend="pyav", delta_timestamps=windows)
    position = 0
    for episode in expected["episodes"]:
        last = episode["length"] - 1
        for frame in range(episode["length"]):
            item = dataset[position]
            position += 1
            wanted = [min(max(frame + offset, 0), last) for offset in offsets]
            padded = [frame + offset != clamped for offset, clamped in zip(offsets, wanted)]
            for name in names + cameras:
                assert item[f"{name}_is_pad"].tolist() == padded, (name, frame)
            for name in names:
                rows = np.float32([episode["columns"][name][at] for at in wanted])
                assert np.array_equal(item[name].numpy(), rows), name
            for name in cameras:
                images = torch.stack([channels_first(episode["videos"][name], at) for at in wanted])
                assert (item[name] - images).abs().max().item() <= VIDEO_TOLERANCE, name
    return position


def compare_stats(found: dict, expected: dict) -> None:
    for name, stats in expected.items():
        for stat, value in stats.items():
            difference = np.abs(np.asarray(found[name][stat]) - np.asarray(value)).max()
            assert np.asarray(found[name][stat]).shape == np.asarray(value).shape, (name, stat)
            assert difference < 1e-9, (name, stat, difference)


if __name__ == "__main__":
    main(*sys.argv[1:])
