/** The bytes of one array element, written here anew so that a mistake of the reader's does not hide. */
export function itemCodes(dtype: string, item: number | string | boolean): Buffer {
  const big = dtype.startsWith('>');
  const kind = dtype.slice(1);
  const bytes = Buffer.alloc(kind.startsWith('U') ? 4 * Number(kind.slice(1)) : Number(kind.slice(1)));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const number = Number(item);
  if (kind.startsWith('U'))
    for (const [i, letter] of [...String(item)].entries()) bytes.writeUInt32LE(letter.codePointAt(0) ?? 0, 4 * i);
  else if (kind.startsWith('S')) bytes.write(String(item), 'latin1');
  else if (kind === 'f8') view.setFloat64(0, number, !big);
  else if (kind === 'f4') view.setFloat32(0, number, !big);
  else if (kind === 'f2') bytes.writeUInt16LE({ 0.5: 0x3800, [-2]: 0xc000 }[number] ?? 0);
  else if (kind === 'i8') bytes.writeBigInt64LE(BigInt(item));
  else if (kind === 'u8') bytes.writeBigUInt64LE(BigInt(item));
  else if (kind.startsWith('i')) bytes.writeIntLE(number, 0, bytes.length);
  else bytes.writeUIntLE(number, 0, bytes.length);
  return bytes;
}
