"""Reads a raw DROID episode with h5py and prints what it found, as JSON.

  check_droid_raw.py FOLDER      one that holds a trajectory.h5
"""
import json
import os
import sys

import h5py
import numpy as np


def main(folder):
    leaves = {}
    with h5py.File(os.path.join(folder, "trajectory.h5")) as file:
        file.visititems(lambda name, item: leaves.update({name: item[:]}) if isinstance(item, h5py.Dataset) else None)
        attributes = {key: value.decode() if isinstance(value, bytes) else value.item() for key, value in file.attrs.items()}
    observed, velocity = leaves["observation/robot_state/joint_positions"], leaves["action/joint_velocity"]
    assert np.abs(observed + 0.2 * velocity - leaves["action/joint_position"]).max() < 1e-12
    assert leaves["observation/timestamp/skip_action"].dtype == bool
    assert (np.diff(leaves["observation/timestamp/control/step_start"]) > 0).all()
    print(json.dumps(dict(
        attributes=attributes,
        lengths=sorted({len(leaf) for leaf in leaves.values()}),
        leaves={name: [str(leaf.dtype), list(leaf.shape[1:])] for name, leaf in leaves.items()},
        types={name.split("/")[-1]: int(leaf[0]) for name, leaf in leaves.items() if "/camera_type/" in name},
        joint_sum=float(observed.sum()))))


main(sys.argv[1])
