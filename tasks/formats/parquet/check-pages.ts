import type { AsyncBuffer, ColumnMetaData, FileMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from 'hyparquet/src/schema.js';
import { checkSnappy } from './check-snappy.ts';

type PageHeader = ReturnType<typeof parquetHeader>;

/**
 * Checks the pages of one column in one row group before they are decoded: that they hold as many values as the footer
 * says, and that no run in them is longer than that.
 *
 * The decoder trusts both. One wrong byte in a run length would make it write up to a billion values, for minutes.
 */
export async function checkPages(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: number,
  column: string,
): Promise<void> {
  const rowGroup = metadata.row_groups[group];
  for (const { meta_data: chunk } of rowGroup?.columns ?? []) {
    if (chunk?.path_in_schema[0] !== column) continue;
    const path = getSchemaPath(metadata.schema, chunk.path_in_schema);
    const levels = { repetition: getMaxRepetitionLevel(path), definition: getMaxDefinitionLevel(path) };
    if (levels.repetition === 0 && chunk.num_values !== rowGroup?.num_rows)
      throw new Error(`column "${column}" is not as long as its rows`);
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const bytes = await file.slice(start, start + Number(chunk.total_compressed_size));
    checkChunk(new Uint8Array(bytes), chunk, levels);
  }
}

interface Levels {
  readonly repetition: number;
  readonly definition: number;
}

function checkChunk(bytes: Uint8Array, chunk: ColumnMetaData, levels: Levels): void {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let values = 0;
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    if (!(header.compressed_page_size >= 0 && end <= bytes.length)) throw new Error('a page reaches beyond its column');
    if (header.uncompressed_page_size > Number(chunk.total_uncompressed_size))
      throw new Error('a page is larger than its column');
    values += checkPage(header, bytes.subarray(reader.offset, end), chunk, levels);
    reader.offset = end;
  }
  if (BigInt(values) !== chunk.num_values)
    throw new Error(`a column has ${values} values, its footer says ${chunk.num_values}`);
}

/** The number of values in a page; dictionaries have none. */
function checkPage(header: PageHeader, payload: Uint8Array, chunk: ColumnMetaData, levels: Levels): number {
  const count = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values;
  if (header.type === 'DICTIONARY_PAGE') return 0;
  if (count === undefined || count < 0 || BigInt(count) > chunk.num_values)
    throw new Error('a page has a wrong number of values');
  if (header.data_page_header_v2) checkVersion2(header, payload, { chunk, levels, count });
  else checkVersion1(header, payload, { chunk, levels, count });
  return count;
}

interface PageFacts {
  readonly chunk: ColumnMetaData;
  readonly levels: Levels;
  readonly count: number;
}

/** Version 1: levels and values are compressed together; each kind of level begins with its length. */
function checkVersion1(header: PageHeader, payload: Uint8Array, { chunk, levels, count }: PageFacts): void {
  const page = decompressed(payload, header.uncompressed_page_size, chunk.codec);
  let offset = 0;
  for (const level of [levels.repetition, levels.definition]) {
    if (level === 0) continue;
    const end = offset + 4 + lengthAt(page, offset);
    checkRuns(page, { from: offset + 4, to: end, bits: bitsOf(level), count });
    offset = end;
  }
  checkValues(page, offset, { encoding: header.data_page_header?.encoding, chunk, count });
}

/** Version 2: levels come first, not compressed, and the header has their lengths. */
function checkVersion2(header: PageHeader, payload: Uint8Array, { chunk, levels, count }: PageFacts): void {
  const page = header.data_page_header_v2;
  const repetitionEnd = page?.repetition_levels_byte_length ?? 0;
  const levelsEnd = repetitionEnd + (page?.definition_levels_byte_length ?? 0);
  if (!(repetitionEnd >= 0 && levelsEnd >= repetitionEnd && levelsEnd <= payload.length))
    throw new Error('levels reach beyond their page');
  if (levels.repetition > 0) checkRuns(payload, { from: 0, to: repetitionEnd, bits: bitsOf(levels.repetition), count });
  if (levels.definition > 0)
    checkRuns(payload, { from: repetitionEnd, to: levelsEnd, bits: bitsOf(levels.definition), count });
  const rest = payload.subarray(levelsEnd);
  const codec = page?.is_compressed === false ? 'UNCOMPRESSED' : chunk.codec;
  const values = rest.length === 0 ? rest : decompressed(rest, header.uncompressed_page_size - levelsEnd, codec);
  checkValues(values, 0, { encoding: page?.encoding, chunk, count });
}

function decompressed(payload: Uint8Array, size: number, codec: ColumnMetaData['codec']): Uint8Array {
  if (codec === 'SNAPPY') checkSnappy(payload, size);
  return decompressPage(payload, size, codec, undefined);
}

function checkValues(
  page: Uint8Array,
  offset: number,
  { encoding, chunk, count }: { encoding: string | undefined; chunk: ColumnMetaData; count: number },
): void {
  if (page.length === offset) return;
  if (encoding === 'RLE' && chunk.type === 'BOOLEAN') {
    checkRuns(page, { from: offset + 4, to: offset + 4 + lengthAt(page, offset), bits: 1, count });
  }
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    checkRuns(page, { from: offset + 1, to: page.length, bits: page[offset] ?? 0, count });
  }
}

/** Walks the run headers of the RLE and bit-packing hybrid, without decoding. */
function checkRuns(
  page: Uint8Array,
  { from, to, bits, count }: { from: number; to: number; bits: number; count: number },
): void {
  if (to > page.length || bits > 32) throw new Error('runs reach beyond their page');
  let [offset, seen] = [from, 0];
  while (seen < count && offset < to) {
    const header = varint(page, offset);
    const packed = header.value % 2 === 1;
    const length = Math.floor(header.value / 2) * (packed ? 8 : 1);
    if (length > count - seen + (packed ? 7 : 0)) throw new Error('a run is longer than its page');
    seen += length;
    offset = header.end + (packed ? (length / 8) * bits : Math.ceil(bits / 8));
  }
}

function varint(page: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 5; i += 1) {
    const byte = page[offset + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: offset + i + 1 };
  }
  throw new Error('a run has no readable length');
}

function lengthAt(page: Uint8Array, offset: number): number {
  return new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(offset, true);
}

function bitsOf(level: number): number {
  return 32 - Math.clz32(level);
}
