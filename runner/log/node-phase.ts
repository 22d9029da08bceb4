/** How far a node of a run is. */
export type NodePhase = 'waiting' | 'awaited' | 'queued' | 'running' | 'done' | 'cached' | 'failed' | 'skipped';
