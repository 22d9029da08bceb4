/** Known GPU types complete in the editor; a site may name others in `pipeline.config.ts`. */
export type GpuType = 'h100' | 'h200' | 'a100' | 'b200' | 'l40s' | 'v100' | (string & {});

/** What a job needs to run. Never part of a fingerprint. */
export interface Resources {
  /** Cores. Default 1. */
  cpus?: number;
  gpus?: number;
  /**
   * Memory that each GPU must have at least, in GB as its maker names it: an H100 of 80 GB has 80. Better than a type, where any
   * GPU with room will do.
   */
  gpuMemoryGb?: number;
  /** Of one type, and no other. */
  gpuType?: GpuType;
  memoryGb?: number;
  /** Wall-clock limit, in hours. */
  hours?: number;
  nodes?: number;
  /** Whole nodes, shared with nobody. */
  exclusive?: boolean;
}

/** Later fields win; an absent field leaves the earlier one. */
export function mergeResources(...parts: readonly (Resources | undefined)[]): Resources {
  return Object.assign({}, ...parts.map((part) => part ?? {})) as Resources;
}
