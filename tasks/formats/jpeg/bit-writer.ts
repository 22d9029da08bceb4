/** Bytes of a JPEG's scan: bits from the highest down, a 0 byte after each 0xff, so that none looks like a marker. */
export class BitWriter {
  private bytes = new Uint8Array(1 << 15);
  private length = 0;
  private pending = 0;
  private pendingBits = 0;

  /** Whole bytes, between scans. */
  write(bytes: ArrayLike<number>): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The lowest `count` bits of `value`; at most 16. */
  writeBits(value: number, count: number): void {
    this.pending = (this.pending << count) | value;
    this.pendingBits += count;
    while (this.pendingBits >= 8) {
      this.pendingBits -= 8;
      this.push((this.pending >>> this.pendingBits) & 0xff);
    }
    this.pending &= (1 << this.pendingBits) - 1;
  }

  /** Fills the last byte with ones. */
  endScan(): void {
    if (this.pendingBits > 0) this.writeBits((1 << (8 - this.pendingBits)) - 1, 8 - this.pendingBits);
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length));
    this.length = 0;
    return taken;
  }

  private push(byte: number): void {
    this.reserve(2);
    this.bytes[this.length] = byte;
    this.length += 1;
    if (byte !== 0xff) return;
    this.bytes[this.length] = 0;
    this.length += 1;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
