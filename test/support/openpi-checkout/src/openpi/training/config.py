"""A stand-in for openpi's table of configurations, which has its shape: a list of rows with names, and a table by name."""

import dataclasses

BASE = {
    "seed": 42, "batch-size": 32, "num-train-steps": 30000, "log-interval": 100, "save-interval": 1000,
    "keep-period": 5000, "fsdp-devices": 1, "overwrite": False, "resume": False, "wandb-enabled": True,
    "checkpoint-base-dir": "./checkpoints", "data.assets.assets-dir": None, "data.assets.asset-id": None,
}  # fmt: skip
BUCKET = "gs://openpi-assets/checkpoints"


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    name: str
    options: dict = dataclasses.field(default_factory=dict)


_CONFIGS = [
    TrainConfig(
        name="debug",
        options={
            "data.repo-id": "fake", "exp-name": "debug", "batch-size": 2, "num-train-steps": 10, "save-interval": 100,
            "overwrite": True, "wandb-enabled": False,
        },
    ),
    TrainConfig(
        name="pi05_full_droid_finetune",
        options={
            "data.repo-id": "droid", "batch-size": 256, "num-train-steps": 100000, "save-interval": 5000,
            "keep-period": 10000, "data.rlds-data-dir": "/nowhere", "data.action-space": "JOINT_POSITION",
            "data.datasets.0.filter-dict-path": "gs://openpi-assets/droid/droid_sample_ranges_v1_0_1.json",
            "data.assets.assets-dir": f"{BUCKET}/pi05_base/assets", "data.assets.asset-id": "droid",
            "weight-loader.params-path": f"{BUCKET}/pi05_base/params",
        },
    ),
    TrainConfig(
        name="pi05_droid_finetune",
        options={
            "data.repo-id": "your_hf_username/my_droid_dataset", "num-train-steps": 20000,
            "data.assets.assets-dir": f"{BUCKET}/pi05_droid/assets", "data.assets.asset-id": "droid",
            "weight-loader.params-path": f"{BUCKET}/pi05_droid/params",
        },
    ),
]  # fmt: skip

if len({config.name for config in _CONFIGS}) != len(_CONFIGS):
    raise ValueError("Config names must be unique.")
_CONFIGS_DICT = {config.name: config for config in _CONFIGS}


def names() -> list[str]:
    return list(_CONFIGS_DICT)


def get_config(config_name: str) -> TrainConfig:
    return _CONFIGS_DICT[config_name]
