/** A model in ONNX (opset 13) that adds two inputs, `state` and `noise`, [N, 2, 3] of float32, to `actions`. */
export function addingModel(): Uint8Array {
  const axes = [text(2, 'N'), number(1, 2), number(1, 3)].map((axis) => message(1, axis));
  const tensor = message(1, number(1, 1), message(2, ...axes));
  const value = (field: number, name: string) => message(field, text(1, name), message(2, tensor));
  const add = message(1, text(1, 'state'), text(1, 'noise'), text(2, 'actions'), text(4, 'Add'));
  const graph = message(7, add, text(2, 'g'), value(11, 'state'), value(11, 'noise'), value(12, 'actions'));
  return Buffer.concat([number(1, 8), graph, message(8, text(1, ''), number(2, 13))]);
}

/** Protocol buffers, as far as they are needed: all numbers and lengths are small. */
const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]);
const number = (field: number, value: number) => Buffer.from([field << 3, ...varint(value)]);
const bytes = (field: number, value: Buffer) =>
  Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(value.length)]), value]);
const text = (field: number, value: string) => bytes(field, Buffer.from(value));
const message = (field: number, ...parts: Buffer[]) => bytes(field, Buffer.concat(parts));
