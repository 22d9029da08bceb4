/** The part of jsfive that is used here. The package has no types; its object headers are read for where data lies. */
declare module 'jsfive' {
  export type DType = string | readonly ['VLEN_STRING' | 'VLEN_SEQUENCE' | 'REFERENCE', ...unknown[]];

  export interface DataObjects {
    readonly offset: number;
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly filter_pipeline: readonly Map<'filter_id', number>[] | null;
    find_msg_type(type: number): readonly Map<'offset_to_message' | 'size', number>[];
    unpack_attribute(offset: number): readonly [string, unknown];
    determine_data_shape(buffer: ArrayBuffer, offset: number): readonly number[];
    _vlen_size_and_data(buffer: ArrayBuffer, offset: number): readonly [number, ArrayBuffer | undefined];
  }

  export class Group {
    readonly _links: Readonly<Record<string, number | string>>;
    readonly _dataobjects: DataObjects;
    get(name: string): Group | Dataset | null;
  }

  export class Dataset {
    readonly _dataobjects: DataObjects;
  }

  export class File extends Group {
    constructor(buffer: ArrayBuffer, name: string);
  }

  export const Filters: ReadonlyMap<number, (chunk: ArrayBuffer, itemBytes: number) => ArrayBuffer>;
}
