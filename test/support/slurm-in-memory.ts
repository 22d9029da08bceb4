import type { Cluster } from '../../runner/executors/slurm/queue/cluster.ts';
import { type Answer, SlurmCommands } from '../../runner/executors/slurm/queue/commands.ts';
import type { QueueRow } from '../../runner/executors/slurm/queue/queue-text.ts';
import { queueRow } from './queue-row.ts';

/** A Slurm that starts nothing: a queue that takes and cancels jobs, and else stands still until a test changes it. */
export class SlurmInMemory extends SlurmCommands {
  rows: QueueRow[] = [];
  /** How many submissions it does not answer, though it takes them. */
  lostAnswers = 0;
  /** What it was told to cancel, a call each: the name and then the ids. */
  readonly cancels: (readonly string[])[] = [];
  looks = 0;
  #ids = 0;

  constructor() {
    super({});
  }

  override async submit(options: readonly string[]): Promise<Answer<string>> {
    this.#ids += 1;
    const id = String(this.#ids);
    const name = valueOf(options, '--job-name') ?? '';
    const last = /^0-(\d+)/.exec(valueOf(options, '--array') ?? '')?.[1];
    const indices = last === undefined ? [undefined] : Array.from({ length: Number(last) + 1 }, (_, index) => index);
    this.rows.push(...indices.map((index) => queueRow({ id, name, index })));
    if (this.lostAnswers === 0) return { is: 'answer', value: id };
    this.lostAnswers -= 1;
    return { is: 'silent', message: 'Socket timed out' };
  }

  override async queue(): Promise<Answer<QueueRow[]>> {
    this.looks += 1;
    return { is: 'answer', value: [...this.rows] };
  }

  override async jobs(): Promise<Answer<QueueRow[]>> {
    return { is: 'answer', value: [...this.rows] };
  }

  override async cancel(name: string, ids: readonly string[]): Promise<Answer<string>> {
    this.cancels.push([name, ...ids]);
    this.rows = this.rows.map((row) => {
      const id = row.index === undefined ? row.id : `${row.id}_${row.index}`;
      const isMeant = row.name === name && (ids.length === 0 || ids.includes(id));
      return isMeant ? { ...row, state: 'CANCELLED' } : row;
    });
    return { is: 'answer', value: '' };
  }

  override async cluster(): Promise<Answer<Cluster>> {
    const cluster = { version: '24.11', arraySize: 1000, rememberedSeconds: 300, hasAccounting: false, nodes: [] };
    return { is: 'answer', value: cluster };
  }
}

function valueOf(options: readonly string[], name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}
