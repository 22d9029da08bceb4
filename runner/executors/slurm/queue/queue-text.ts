/** A job, or an element of an array, as the queue tells it. Ids may be given to others; the name is ours. */
export interface QueueRow {
  /** The array's id for an element; else the job's. */
  readonly id: string;
  readonly index: number | undefined;
  readonly name: string;
  /** As Slurm spells it: `PENDING`, `RUNNING`, `COMPLETED`, … */
  readonly state: string;
  /** With blanks, as `squeue` writes it. */
  readonly reason: string;
  readonly restarts: number;
  /** Of the batch script; undefined before it has ended. */
  readonly exit: { readonly code: number; readonly signal: number } | undefined;
  /** As Slurm writes a list of hosts: `n[1-2]`. */
  readonly nodes: string;
  /** Start, or for a waiting job the estimate; milliseconds since the epoch. */
  readonly startsAt: number | undefined;
  readonly limitSeconds: number | undefined;
}

const fields = [
  'JobArrayID',
  'State',
  'RestartCnt',
  'exit_code',
  'StartTime',
  'TimeLimit',
  'NodeList',
  'Reason',
  'Name',
];

/** Options with which `squeue` writes what `parseQueue` reads: every field ends in a bar, the free text is last. */
export const queueOptions = [
  '--noheader',
  // Also in partitions that are hidden.
  '--all',
  '--array',
  '--states=all',
  '--me',
  `--Format=${fields.map((field, i) => (i === fields.length - 1 ? `${field}:` : `${field}:|`)).join(',')}`,
];

export function parseQueue(text: string): QueueRow[] {
  return text.split('\n').flatMap((line): QueueRow[] => {
    const [id = '', state = '', restarts, exit, start, limit, nodes = '', reason = '', ...name] = line.split('|');
    if (name.length === 0) return [];
    const [base = '', index] = id.split('_');
    const status = Number(exit);
    return [
      {
        id: base,
        index: index === undefined || !/^\d+$/.test(index) ? undefined : Number(index),
        name: name.join('|').trimEnd(),
        state,
        reason: reason.replaceAll('_', ' '),
        restarts: Number(restarts) || 0,
        // The raw status, as `wait` gives it.
        exit: Number.isInteger(status) ? { code: status >> 8, signal: status & 127 } : undefined,
        nodes,
        startsAt: timeOf(start),
        limitSeconds: secondsOf(limit),
      },
    ];
  });
}

/** `scontrol -o show job`: what the controller knows of all jobs, a line each. Ours have plain names, so lines are whole. */
export function parseJobs(text: string): QueueRow[] {
  return text.split('\n').flatMap((line): QueueRow[] => {
    const values = new Map(
      [...line.matchAll(/(\w+)=(\S*)/g)].map(([, key = '', value = '']) => [key, value] as const).reverse(),
    );
    const id = values.get('JobId');
    if (id === undefined) return [];
    const [code, signal] = (values.get('ExitCode') ?? '').split(':').map(Number);
    const row = {
      id: values.get('ArrayJobId') ?? id,
      name: values.get('JobName') ?? '',
      state: values.get('JobState') ?? '',
      reason: (values.get('Reason') ?? '').replaceAll('_', ' '),
      restarts: Number(values.get('Restarts')) || 0,
      exit: code === undefined || !Number.isInteger(code) ? undefined : { code, signal: signal ?? 0 },
      nodes: (values.get('NodeList') ?? '').replace('(null)', ''),
      startsAt: timeOf(values.get('StartTime')),
      limitSeconds: secondsOf(values.get('TimeLimit')),
    };
    const tasks = values.get('ArrayTaskId');
    return tasks === undefined ? [{ ...row, index: undefined }] : indicesIn(tasks).map((index) => ({ ...row, index }));
  });
}

/** Options with which `sacct` writes what `parseAccounts` reads: whole jobs, without their steps. */
export const accountOptions = [
  '--noheader',
  '--parsable2',
  '--allocations',
  // A job may be taken over from another user.
  '--allusers',
  // Without it only jobs of today are told.
  '--starttime=now-60days',
  '--format=JobID,State,ExitCode,TimelimitRaw,Start,NodeList,JobName',
];

export function parseAccounts(text: string): QueueRow[] {
  return text.split('\n').flatMap((line): QueueRow[] => {
    const [id = '', state = '', exit = '', limit, start, nodes = '', name] = line.split('|');
    if (name === undefined) return [];
    const [base = '', index] = id.split('_');
    const [code = 0, signal = 0] = exit.split(':').map(Number);
    return [
      {
        id: base,
        index: index === undefined || !/^\d+$/.test(index) ? undefined : Number(index),
        name,
        // It adds who cancelled: `CANCELLED by 1000`.
        state: state.split(' ')[0] ?? '',
        reason: '',
        restarts: 0,
        exit: { code, signal },
        nodes: nodes === 'None assigned' ? '' : nodes,
        startsAt: timeOf(start),
        limitSeconds: /^\d+$/.test(limit ?? '') ? Number(limit) * 60 : undefined,
      },
    ];
  });
}

/** Elements that have not started are one record: `2-5,9%3`, or `0-8:2`. */
function indicesIn(text: string): number[] {
  return text
    .replace(/%.*/, '')
    .split(',')
    .flatMap((part) => {
      const [, first, last = first, step = '1'] = /^(\d+)(?:-(\d+))?(?::(\d+))?$/.exec(part) ?? [];
      if (first === undefined) return [];
      const count = Math.floor((Number(last) - Number(first)) / Number(step)) + 1;
      return Array.from({ length: count }, (_, i) => Number(first) + i * Number(step));
    });
}

/** Local time without a zone, as Slurm writes it; the driver is in the cluster's zone. */
function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/** `1-02:03:04`, `02:03:04`, `03:04`, in seconds; undefined for `UNLIMITED` and the like. */
export function secondsOf(text: string | undefined): number | undefined {
  const [, days = '0', hours = '0', minutes, seconds] = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text ?? '') ?? [];
  if (minutes === undefined) return undefined;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}
