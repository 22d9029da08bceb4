"""A stand-in for openpi's scripts/train.py: its command line, folders, messages and retention, without a model.

Takes what tyro takes there and refuses what it refuses. "Weights" are a digest chained over the steps, the seed, the
statistics, the ranges and the data, so that two trainings of the same give the same bytes.
A file `hold-<n>` in the checkout makes it wait before step n, until the file is gone.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys
import time
import urllib.parse

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(CHECKOUT / "src"))  # where an environment of uv's has it

from openpi.models.pi0 import Pi0  # noqa: E402
from openpi.training import config as _config  # noqa: E402

GROUPS = {"lr-schedule": ["warmup-steps", "peak-lr", "decay-steps", "decay-lr"], "data": ["repo-id"]}
INTEGERS = ["seed", "batch-size", "num-workers", "num-train-steps", "log-interval", "save-interval", "fsdp-devices"]
FLAGS = ["overwrite", "resume", "wandb-enabled"]
TEXTS = ["exp-name", "assets-base-dir", "checkpoint-base-dir", "project-name"]
OPTIONAL = ["keep-period", "ema-decay", "data.assets.assets-dir", "data.assets.asset-id"]
RLDS = ["data.rlds-data-dir", "data.action-space", "data.datasets.0.filter-dict-path", "data.datasets.0.weight"]


def refuse(message: str) -> None:
    print(f"╭─ Parsing error ─╮\n│ {message} │\n╰─────────────────╯", file=sys.stderr)
    sys.exit(2)


def parse(arguments: list[str]) -> dict:
    if not arguments or arguments[0] not in _config.names():
        refuse(f"invalid choice {arguments[:1]}: choose from {', '.join(_config.names())}")
    name, *rest = arguments
    config = {**_config.BASE, **_config.get_config(name).options, "name": name}
    known = [*INTEGERS, *TEXTS, *OPTIONAL, *[f"{g}.{o}" for g, os_ in GROUPS.items() for o in os_]]
    if "data.rlds-data-dir" in config:
        known += RLDS
    if "weight-loader.params-path" in config:
        known.append("weight-loader.params-path")
    while rest:
        word = rest.pop(0)
        option, has_value, value = word.partition("=")
        option = option.replace("_", "-")
        if not option.startswith("--"):
            refuse(f"Unrecognized arguments: {word}")
        option = option[2:]
        if option.removeprefix("no-") in FLAGS:
            if has_value:
                refuse(f"{word}: a flag takes no value")
            config[option.removeprefix("no-")] = not option.startswith("no-")
            continue
        if option not in known:
            refuse(f"Unrecognized options: --{option}")
        if not has_value:
            if not rest or rest[0].startswith("--"):
                refuse(f"--{option}: expected 1 argument")
            value = rest.pop(0)
        config[option] = typed(option, value)
    if "exp-name" not in config:
        refuse("Missing --exp-name")
    return config


def typed(option: str, value: str):
    if option in OPTIONAL and value == "None":
        return None
    if option == "data.action-space" and value not in ("None", "JOINT_POSITION", "JOINT_VELOCITY"):
        refuse(f"--{option}: invalid choice {value}")
    if option not in INTEGERS and option != "keep-period":
        return value
    try:
        return int(value)
    except ValueError:
        refuse(f"--{option}: invalid int {value}")


def local(path: str) -> pathlib.Path:
    """As openpi's download: a local path must be there; the network of this stand-in is down."""
    if urllib.parse.urlparse(path).scheme:
        raise ConnectionError(f"no network: cannot fetch {path}")
    if not pathlib.Path(path).exists():
        raise FileNotFoundError(f"File not found at {path}")
    return pathlib.Path(path)


def load_stats(config: dict) -> tuple[str | None, bytes | None]:
    if config["data.repo-id"] == "fake":
        return None, None
    assets = config["data.assets.assets-dir"] or f"{config.get('assets-base-dir', './assets')}/{config['name']}"
    asset_id = config["data.assets.asset-id"] or config["data.repo-id"]
    try:
        return asset_id, (local(f"{assets}/{asset_id}") / "norm_stats.json").read_bytes()
    except FileNotFoundError:
        raise ValueError("Normalization stats not found. Make sure to run `scripts/compute_norm_stats.py`.") from None


def load_data(config: dict) -> dict:
    """What is trained on, told by content."""
    if config["data.repo-id"] == "fake":
        return {}
    if "data.rlds-data-dir" in config:
        dataset = local(f"{config['data.rlds-data-dir']}/droid/1.0.1")
        ranges = json.loads(local(config["data.datasets.0.filter-dict-path"]).read_text())
        name = json.loads((dataset / "dataset_info.json").read_text())["name"]
        return {"dataset": name, "ranges": len(ranges), "action_space": config["data.action-space"]}
    root = pathlib.Path(os.environ.get("HF_LEROBOT_HOME", "~/.cache/huggingface/lerobot")).expanduser()
    info = root / config["data.repo-id"] / "meta" / "info.json"
    if not info.exists():
        raise ConnectionError(f"no network: {config['data.repo-id']} is not in {root}")
    facts = json.loads(info.read_text())
    if not facts["codebase_version"].startswith("v2"):
        raise ValueError(f"BackwardCompatibilityError: {facts['codebase_version']}")
    return {"dataset": facts["robot_type"], "frames": facts["total_frames"]}


def open_folder(config: dict) -> tuple[pathlib.Path, bool]:
    folder = pathlib.Path(config["checkpoint-base-dir"], config["name"], config["exp-name"]).resolve()
    resuming = False
    if folder.exists():
        if config["overwrite"]:
            shutil.rmtree(folder)
        elif config["resume"]:
            resuming = True
        else:
            raise FileExistsError(
                f"Checkpoint directory {folder} already exists. Use --overwrite or --resume to indicate how to handle it."
            )
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.orbax-checkpoint-tmp-*"):
        shutil.rmtree(left)
    if resuming and steps_in(folder) in ([], [0]):
        print("Checkpoint directory exists, but does not contain any checkpoints. Aborting resume.")
        resuming = False
    return folder, resuming


def steps_in(folder: pathlib.Path) -> list[int]:
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())


def save(folder: pathlib.Path, step: int, weights: str, facts: dict, stats: tuple, keep_period: int | None) -> None:
    aside = folder / f"{step}.orbax-checkpoint-tmp-0"
    for part in ("params", "train_state", "assets"):
        (aside / part).mkdir(parents=True)
    (aside / "params" / "_METADATA").write_text(json.dumps(facts, sort_keys=True))
    (aside / "params" / "d").write_text(weights)
    (aside / "train_state" / "d").write_text(json.dumps({"step": step + 1, "weights": weights}))
    asset_id, text = stats
    if text is not None:
        (aside / "assets" / asset_id).mkdir(parents=True)
        (aside / "assets" / asset_id / "norm_stats.json").write_bytes(text)
    aside.rename(folder / str(step))
    for old in steps_in(folder)[:-1]:
        if keep_period is None or old % keep_period != 0:
            shutil.rmtree(folder / str(old))


def main(config: dict) -> None:
    if config["resume"] and config["overwrite"]:
        raise ValueError("Cannot resume and overwrite at the same time.")
    devices = max(1, len([gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]))
    if config["batch-size"] % devices != 0:
        raise ValueError(f"Batch size {config['batch-size']} must be divisible by the number of devices {devices}.")
    folder, resuming = open_folder(config)
    stats = load_stats(config)
    facts = {**load_data(config), "fraction": os.environ.get("XLA_PYTHON_CLIENT_MEM_FRACTION")}
    seen = json.dumps([facts, (stats[1] or b"").decode(), config["seed"], config["batch-size"]], sort_keys=True)
    model = Pi0()
    weights = hashlib.sha256(seen.encode()).hexdigest()
    start = 0
    if resuming:
        state = json.loads((folder / str(steps_in(folder)[-1]) / "train_state" / "d").read_text())
        start, weights = state["step"], state["weights"]
        print(f"Restored the state before step {start}")
    for step in range(start, config["num-train-steps"]):
        while (CHECKOUT / f"hold-{step}").exists():
            time.sleep(0.02)
        weights = model.embed_prefix(weights, step)
        if step % config["log-interval"] == 0:
            print(f"Step {step}: grad_norm=1.0000, loss={1 / (step + 1):.4f}, param_norm=100.0000", flush=True)
        if (step % config["save-interval"] == 0 and step > start) or step == config["num-train-steps"] - 1:
            save(folder, step, weights, facts, stats, config["keep-period"])


if __name__ == "__main__":
    main(parse(sys.argv[1:]))
