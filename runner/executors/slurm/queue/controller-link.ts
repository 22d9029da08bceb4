import type { Change } from '../../executor.ts';
import type { SlurmCommands } from './commands.ts';

/** The way to Slurm's controller, and whether it answered the last time. */
export class ControllerLink {
  readonly commands: SlurmCommands;
  #isSilent = false;

  constructor(commands: SlurmCommands) {
    this.commands = commands;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** A look at the queue went well. */
  answered(): void {
    this.#isSilent = false;
  }

  /** What is to be told about it: once, until the controller answers again. */
  unanswered(message: string): Change[] {
    if (this.#isSilent) return [];
    this.#isSilent = true;
    const firstLine = message.split('\n')[0] ?? '';
    return [{ type: 'trouble', message: `Slurm does not answer; what is running runs on. ${firstLine}` }];
  }
}
