"""A policy client, written from the description of openpi's protocol alone: websockets, msgpack and numpy.

Plays PushT episodes against a policy server. The environment is a program that this one starts: it prints, as a line of
JSON, what is seen ({"state", "environment_state", "noise_seed"} or {"done"}), and reads a line with the actions to carry out.

    policy_client.py URL ENV_PROGRAM...      prints the last line of the environment
    policy_client.py URL --once              sends one observation of zeros and prints the reply's keys
"""

import asyncio
import json
import os
import subprocess
import sys

import msgpack
import numpy
import websockets


def pack_array(value):
    if isinstance(value, numpy.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    if isinstance(value, numpy.generic):
        return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}
    return value


def unpack_array(value):
    if b"__ndarray__" in value:
        return numpy.ndarray(buffer=value[b"data"], dtype=numpy.dtype(value[b"dtype"]), shape=value[b"shape"])
    if b"__npgeneric__" in value:
        return numpy.dtype(value[b"dtype"]).type(value[b"data"])
    return value


def pack(value):
    return msgpack.packb(value, default=pack_array)


def unpack(frame):
    return msgpack.unpackb(frame, object_hook=unpack_array)


async def infer(connection, observation):
    await connection.send(pack(observation))
    reply = await connection.recv()
    if isinstance(reply, str):
        raise RuntimeError("Error in inference server:\n" + reply)
    return unpack(reply)


async def play(url, program):
    env = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    async with connect(url) as connection:
        metadata = unpack(await connection.recv())
        env.stdin.write(json.dumps({"observation_steps": metadata["observation_steps"]}) + "\n")
        env.stdin.flush()
        for line in env.stdout:
            seen = json.loads(line)
            if "done" in seen:
                print(line.strip())
                break
            reply = await infer(
                connection,
                {
                    "observation/state": numpy.asarray(seen["state"], dtype=numpy.float32),
                    "observation/environment_state": numpy.asarray(seen["environment_state"], dtype=numpy.float32),
                    "noise_seed": seen["noise_seed"],
                },
            )
            assert set(reply) == {"actions", "policy_timing", "server_timing"}, reply.keys()
            assert reply["actions"].dtype == numpy.float64
            env.stdin.write(json.dumps({"actions": reply["actions"].tolist()}) + "\n")
            env.stdin.flush()
    env.wait()


async def once(url):
    async with connect(url) as connection:
        metadata = unpack(await connection.recv())
        steps = metadata["observation_steps"]
        zeros = {
            "observation/state": numpy.zeros((steps, 2)),
            "observation/environment_state": numpy.zeros((steps, 16)),
        }
        reply = await infer(connection, zeros)
        print(json.dumps({"shape": reply["actions"].shape, "keys": list(reply)}))
        try:
            await infer(connection, {"nothing": numpy.float32(1)})
        except RuntimeError as error:
            print(json.dumps({"error": str(error)}))


def connect(url):
    key = os.environ.get("POLICY_KEY")
    headers = {"Authorization": "Api-Key " + key} if key else {}
    name = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"
    return websockets.connect(url, compression=None, max_size=None, **{name: headers})


if sys.argv[2:] == ["--once"]:
    asyncio.run(once(sys.argv[1]))
else:
    asyncio.run(play(sys.argv[1], sys.argv[2:]))
