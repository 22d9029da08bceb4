"""Reads a DROID-shaped RLDS folder from first principles and prints what it found, as JSON.

  check_droid_rlds.py FOLDER

A second reader: its own CRC, records and protobuf. Ends with a traceback where something is not as in DROID 1.0.1.
Needs numpy and Pillow.
"""
import io
import json
import os
import struct
import sys

import numpy as np
from PIL import Image

FLOATS = {
    "steps/observation/joint_position": 7, "steps/observation/gripper_position": 1,
    "steps/observation/cartesian_position": 6, "steps/action_dict/joint_position": 7,
    "steps/action_dict/joint_velocity": 7, "steps/action_dict/cartesian_position": 6,
    "steps/action_dict/cartesian_velocity": 6, "steps/action_dict/gripper_position": 1,
    "steps/action_dict/gripper_velocity": 1, "steps/action": 7, "steps/discount": 1, "steps/reward": 1,
}
FLAGS = ["steps/is_first", "steps/is_last", "steps/is_terminal"]
TEXTS = ["steps/language_instruction", "steps/language_instruction_2", "steps/language_instruction_3"]
IMAGES = ["steps/observation/" + name for name in ("exterior_image_1_left", "exterior_image_2_left", "wrist_image_left")]
PATHS = ["episode_metadata/recording_folderpath", "episode_metadata/file_path"]
LARGEST_JOINT_STEP = 0.2  # rad, what a commanded joint velocity of 1 moves in a control step


def table():
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        yield n


TABLE = list(table())


def masked_crc(data):
    state = 0xFFFFFFFF
    for byte in data:
        state = TABLE[(state & 0xFF) ^ byte] ^ (state >> 8)
    state ^= 0xFFFFFFFF
    return (((state >> 15) | (state << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        while head := file.read(12):
            length, crc = struct.unpack("<QI", head)
            assert masked_crc(head[:8]) == crc, "checksum of a length"
            body = file.read(length)
            assert struct.unpack("<I", file.read(4))[0] == masked_crc(body), "checksum of data"
            yield body


def varint(buffer, at):
    value = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(buffer):
    at = 0
    while at < len(buffer):
        tag, at = varint(buffer, at)
        assert tag & 7 == 2, "wire type"
        length, at = varint(buffer, at)
        yield tag >> 3, buffer[at:at + length]
        at += length


def ints(buffer):
    at = 0
    while at < len(buffer):
        value, at = varint(buffer, at)
        yield value


def example(body):
    found = {}
    for _, features in fields(memoryview(body)):
        for _, entry in fields(features):
            parts = dict(fields(entry))
            (kind, values), = fields(parts[2])
            packed = [bytes(value) for _, value in fields(values)]
            if kind == 2:
                packed = np.frombuffer(b"".join(packed), "<f4").astype(np.float64)
            elif kind == 3:
                packed = np.array(list(ints(b"".join(packed))))
            found[bytes(parts[1]).decode()] = packed
    return found


def check(episode):
    assert set(episode) == set(FLOATS) | set(FLAGS) | set(TEXTS) | set(IMAGES) | set(PATHS), "features"
    steps = len(episode["steps/is_first"])
    rows = {name: episode[name].reshape(steps, width) for name, width in FLOATS.items()}
    assert episode["steps/is_first"].tolist() == [1] + [0] * (steps - 1)
    assert episode["steps/is_last"].tolist() == [0] * (steps - 1) + [1]
    observed, commanded = rows["steps/observation/joint_position"], rows["steps/action_dict/joint_position"]
    velocity = rows["steps/action_dict/joint_velocity"]
    assert np.abs(velocity).max() <= 1 + 1e-6
    assert np.abs(observed + LARGEST_JOINT_STEP * velocity - commanded).max() < 1e-5, "command and velocity"
    assert np.abs(observed[1:] - (0.15 * observed[:-1] + 0.85 * commanded[:-1])).max() < 1e-5, "the arm follows"
    assert np.isfinite(np.concatenate(list(rows.values()), 1)).all()
    sizes = []
    for name in IMAGES:
        assert len(episode[name]) == steps
        for jpeg in {*episode[name][:: max(1, steps // 5)]}:
            with Image.open(io.BytesIO(jpeg)) as image:
                assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (320, 180))
                assert "progressive" not in image.info
                assert np.asarray(image).std() > 10, "a picture of nothing"
        sizes += map(len, episode[name])
    for name in TEXTS:
        assert len(set(episode[name])) == 1 and len(episode[name]) == steps
    success = "/success/" in episode["episode_metadata/file_path"][0].decode()
    assert rows["steps/reward"].sum() == float(success)
    still = np.concatenate([[False], (np.abs(np.diff(velocity, axis=0)) < 1e-3).all(1)])
    return dict(steps=steps, success=success, idle=float(still.mean()), image_bytes=float(np.mean(sizes)),
                instructions=sum(episode[name][0] != b"" for name in TEXTS))


def main(folder):
    with open(os.path.join(folder, "dataset_info.json")) as file:
        info = json.load(file)
    split, = info["splits"]
    lengths, found = split["shardLengths"], []
    for shard, length in enumerate(lengths):
        name = "%s-train.tfrecord-%05d-of-%05d" % (info["name"], shard, len(lengths))
        episodes = [check(example(body)) for body in records(os.path.join(folder, name))]
        assert len(episodes) == int(length)
        found += episodes
    print(json.dumps(dict(name=info["name"], version=info["version"], shards=len(lengths), episodes=found)))


main(sys.argv[1])
