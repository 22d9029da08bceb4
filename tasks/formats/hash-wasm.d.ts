/** The package's builds of one hash each, which load in a tenth of the time of the whole. */
declare module 'hash-wasm/dist/crc32.umd.min.js' {
  import type { createCRC32 } from 'hash-wasm';
  const exported: { readonly createCRC32: typeof createCRC32 };
  export default exported;
}

declare module 'hash-wasm/dist/crc64.umd.min.js' {
  import type { createCRC64 } from 'hash-wasm';
  const exported: { readonly createCRC64: typeof createCRC64 };
  export default exported;
}
