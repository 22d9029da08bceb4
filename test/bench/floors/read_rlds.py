"""The straight way to read RLDS: whole records, all of their bytes, with the standard library and numpy.

  read_rlds.py ranges|stats FOLDER

`ranges`: openpi's idle filter. `stats`: mean, deviation, q01 and q99 of states and of action chunks of 16 steps. Checksums are
not compared. Needs numpy.
"""
import json
import os
import struct
import sys

import numpy as np

JOINTS, GRIPPER = "steps/observation/joint_position", "steps/observation/gripper_position"
COMMANDED, CLOSED = "steps/action_dict/joint_position", "steps/action_dict/gripper_position"
VELOCITY = "steps/action_dict/joint_velocity"
PATH, RECORDING = "episode_metadata/file_path", "episode_metadata/recording_folderpath"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data, at, end):
    while at < end:
        tag, at = varint(data, at)
        length, at = varint(data, at)
        yield tag >> 3, at, at + length
        at += length


def example(data, wanted):
    found = {}
    for _, start, end in fields(data, 0, len(data)):
        for _, entry, entry_end in fields(data, start, end):
            (_, key, key_end), (_, value, value_end) = fields(data, entry, entry_end)
            name = data[key:key_end].decode()
            if name not in wanted:
                continue
            (kind, values, values_end), = fields(data, value, value_end)
            if kind == 2:
                found[name] = np.concatenate([np.frombuffer(data[a:b], "<f4") for _, a, b in fields(data, values, values_end)])
            else:
                found[name] = [data[a:b] for _, a, b in fields(data, values, values_end)]
    return found


def episodes(folder, wanted):
    with open(os.path.join(folder, "dataset_info.json")) as file:
        info = json.load(file)
    count = len(info["splits"][0]["shardLengths"])
    for shard in range(count):
        with open(os.path.join(folder, "%s-train.tfrecord-%05d-of-%05d" % (info["name"], shard, count)), "rb") as file:
            while head := file.read(12):
                length, = struct.unpack_from("<Q", head)
                yield example(file.read(length), wanted)
                file.read(4)


def runs(flags, least):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a >= least]


def ranges(folder):
    kept = {}
    for found in episodes(folder, {VELOCITY, PATH, RECORDING}):
        velocity = found[VELOCITY].reshape(-1, 7).astype(np.float64)
        idle = np.concatenate([[False], (np.abs(np.diff(velocity, axis=0)) < 1e-3).all(1)])
        keep = np.ones(len(velocity), bool)
        for start, end in runs(idle, 7):
            keep[start:end] = False
        key = found[RECORDING][0].decode() + "--" + found[PATH][0].decode()
        kept[key] = [[start, end - 10] for start, end in runs(keep, 16)]
    return kept


def stats(folder):
    states, actions = [], []
    for found in episodes(folder, {JOINTS, GRIPPER, COMMANDED, CLOSED, PATH}):
        if b"success" not in found[PATH][0]:
            continue
        state = np.concatenate([found[JOINTS].reshape(-1, 7), found[GRIPPER].reshape(-1, 1)], 1)
        action = np.concatenate([found[COMMANDED].reshape(-1, 7), found[CLOSED].reshape(-1, 1)], 1)
        steps = len(state)
        chunk = action[np.minimum(np.arange(steps)[:, None] + np.arange(16), steps - 1)]
        chunk[:, :, :7] -= state[:, None, :7]
        states.append(state)
        actions.append(chunk.reshape(-1, 8))
    return {name: [f(np.concatenate(rows)).tolist() for f in (
        lambda x: x.mean(0), lambda x: x.std(0), lambda x: np.percentile(x, [1, 99], axis=0))]
        for name, rows in (("state", states), ("actions", actions))}


mode, folder = sys.argv[1:]
print(len(json.dumps(ranges(folder) if mode == "ranges" else stats(folder))))
