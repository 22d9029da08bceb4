import { Float, NdArray, NumpyScalar, type WireValue } from '../../formats/msgpack-numpy/values.ts';
import { type ClientOptions, PolicyClient } from './client.ts';

/** What a server says of its policy, as plain JSON. Throws as `PolicyClient.connect`, after a single attempt. */
export async function describeServer(options: ClientOptions): Promise<unknown> {
  const client = await PolicyClient.connect({ ...options, patienceSeconds: 0 });
  try {
    return plain(client.metadata);
  } finally {
    await client.close();
  }
}

function plain(value: WireValue): unknown {
  if (value instanceof Float || value instanceof NumpyScalar) return plain(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof NdArray) return { ...value, bytes: Buffer.from(value.bytes).toString('hex') };
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]));
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'bigint' ? String(value) : value;
}
