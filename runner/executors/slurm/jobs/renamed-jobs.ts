import type { Submitted } from '../../executor.ts';
import { quoted } from '../../shell-quote.ts';
import type { SlurmCommands } from '../queue/commands.ts';
import type { Listing } from '../queue/listing.ts';
import type { QueueRow } from '../queue/queue-text.ts';
import { beginningOf } from '../script/exit-record.ts';
import { readBegin } from '../script/life-signs.ts';
import { scancelId } from './slurm-job.ts';

/** A job whose name the queue does not show. */
export interface Nameless {
  readonly folder: string;
  readonly as: Submitted;
}

/**
 * Finds jobs that somebody gave another name, by their ids. Slurm gives an id to another job after a crash, so it is ours only when it
 * runs our folder.
 */
export class RenamedJobs {
  readonly #commands: Pick<SlurmCommands, 'script'>;
  /** By id, as long as it was not said: of another's job nothing is said at all. */
  readonly #scripts = new Map<string, string>();

  constructor(commands: Pick<SlurmCommands, 'script'>) {
    this.#commands = commands;
  }

  async find({ folder, as }: Nameless, listing: Listing): Promise<QueueRow | undefined> {
    const { id, index } = readBegin(folder, beginningOf(folder).copies - 1) ?? as;
    const row = id === undefined ? undefined : listing.withId(id, index);
    return row &&
      (await this.#script(scancelId({ ...as, id: row.id, index: row.index }))).includes(`run ${quoted(folder)}`)
      ? row
      : undefined;
  }

  async #script(id: string): Promise<string> {
    const known = this.#scripts.get(id);
    if (known !== undefined) return known;
    const answer = await this.#commands.script(id);
    if (answer.is === 'silent') return '';
    const script = answer.is === 'answer' ? answer.value : '';
    this.#scripts.set(id, script);
    return script;
  }
}
