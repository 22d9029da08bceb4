import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { differences, fileDifferences } from './compare.ts';
import { Driver, type Ended, type Place, type Start, untilGone } from './driver.ts';
import type { Act, DrawnRound } from './drawn-round.ts';
import { type FaultRule, faultRules, lacking, timeOf } from './faults.ts';
import { Finding } from './finding.ts';
import { evaluate, type Expected } from './reference.ts';
import { Repository } from './repository.ts';
import { SmallDisk } from './small-disk.ts';
import { at, type Edit, edited, firstWorld, type World } from './world.ts';

/** How long a program takes, in seconds: enough for faults to meet it. */
const usualPace = 0.05;
/** Of the disk that a round has for itself, in megabytes. */
const diskMegabytes = 96;

export interface RoundTools {
  /** The folder of the copy of the package that is tried. */
  readonly subject: string;
  /** Of faults and other things that were done, how often. */
  readonly count: (what: string, times?: number) => void;
}

/** Plays a drawn round: after each act an undisturbed run must give what the reference gives. Throws a `Finding`. */
export async function playRound(drawn: DrawnRound, tools: RoundTools): Promise<void> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'stet-faults-'));
  const disk = SmallDisk.mount(join(folder, 'disk'), diskMegabytes);
  const round = new Round(drawn, { ...tools, folder, disk });
  try {
    for (const [i, act] of drawn.acts.entries())
      await round.play(act, `act ${i + 1} of ${drawn.acts.length}, ${act.fault.name}`);
    await round.runAgain();
  } finally {
    await round.close();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Round {
  readonly #drawn: DrawnRound;
  readonly #tools: RoundTools & { readonly folder: string; readonly disk: SmallDisk | undefined };
  readonly #ledger: string;
  readonly #place: Place;
  readonly #own: Repository;
  #other: Repository | undefined;
  #before: World = firstWorld;
  #world: World = firstWorld;
  /** What programs noted down whose results are known for sure. */
  readonly #known = new Set<string>();
  /** Fingerprints that a run has shown as finished. */
  readonly #finished = new Set<string>();
  /** Calls of the graph, by address. */
  #calls: string[] = [];
  readonly #drivers: Driver[] = [];
  #where = '';
  /** How long programs take, in seconds. */
  #pace = usualPace;

  constructor(drawn: DrawnRound, tools: RoundTools & { folder: string; disk: SmallDisk | undefined }) {
    const { folder, subject, disk } = tools;
    this.#drawn = drawn;
    this.#tools = tools;
    this.#ledger = join(folder, 'ledger');
    writeFileSync(this.#ledger, '');
    const store = join(disk?.folder ?? folder, 'store');
    mkdirSync(store, { recursive: true });
    this.#own = this.#repository('own');
    const env = { FAULT_LEDGER: this.#ledger, ...(drawn.isLinked ? { STET_LINK: 'hard' } : {}) };
    this.#place = { subject, project: this.#own.folder, store, env };
  }

  async play(act: Act, where: string): Promise<void> {
    this.#where = where;
    this.#drivers.length = 0;
    const next = act.isUndone ? this.#before : edited(this.#world, act.edits);
    [this.#before, this.#world] = [this.#world, next];
    this.#own.write(next);
    const rule = this.#ruleOf(act);
    if (rule.forgets) this.#forget();
    const from = this.#lines().length;
    this.#pace = rule.paceSeconds ?? usualPace;
    await this.#disturb(act, rule);
    this.#pace = usualPace;
    if (rule.forgets) this.#forget();
    await this.#settle();
    if (!(await this.#takeOut())) await this.#makeAgain(this.#lines().slice(from), rule);
    if (this.#hasOther(act, rule)) await this.#settle(this.#otherWorld(act));
  }

  /** What nobody has changed does not run. */
  async runAgain(): Promise<void> {
    this.#where = 'once more at the end';
    const from = this.#lines().length;
    await this.#settle();
    const begun = this.#lines().slice(from);
    if (begun.length > 0) throw this.#finding(`nothing had changed, and this ran: ${begun.join(', ')}`);
  }

  async close(): Promise<void> {
    for (const driver of this.#drivers) driver.signal('SIGKILL');
    await untilGone(this.#drivers.flatMap((driver) => driver.jobs()));
  }

  #ruleOf({ fault }: Act): FaultRule {
    const rule = faultRules[fault.name];
    const lacks = lacking(rule);
    this.#tools.count(lacks === undefined ? fault.name : `${fault.name} skipped: ${lacks}`);
    return lacks === undefined ? rule : faultRules.none;
  }

  #hasOther({ hasOther, drivers }: Act, rule: FaultRule): boolean {
    return hasOther && drivers > 1 && rule.drivers === undefined;
  }

  /** The folder that is adopted is that of both. */
  #otherWorld({ fault: { edit } }: Act): World {
    return edit.slot === 'adopted' ? this.#world : edited(this.#world, [edit]);
  }

  async #disturb(act: Act, rule: FaultRule): Promise<void> {
    const { fault } = act;
    const { store } = this.#place;
    rule.before?.(fault, store, this.#drawn.isLinked);
    const forced = this.#forcedBy(act);
    const from = this.#lines().length;
    const count = Math.max(act.drivers, rule.drivers ?? 1);
    const target = this.#start('the driver that is hit', this.#world, { ...rule.start?.(fault, store), forced });
    for (let i = 1; i < count; i += 1) {
      const isOther = i === count - 1 && this.#hasOther(act, rule);
      await delay(fault.chance * 300);
      if (isOther) this.#start('a driver of another repository', this.#otherWorld(act), { isOther, forced });
      else this.#start('a driver beside it', this.#world, { forced });
    }
    const drivers = [...this.#drivers];
    const worlds = drivers.map((_, i) =>
      i === count - 1 && this.#hasOther(act, rule) ? this.#otherWorld(act) : this.#world,
    );
    await timeOf(fault.when, rule, target, store);
    await rule.during?.({
      fault,
      target,
      drivers,
      store,
      disk: this.#tools.disk,
      write: (edits: readonly Edit[]) => this.#own.write(edited(this.#world, edits)),
      beside: (args, start) => this.#beside(args, start),
    });
    const edits = fault.name === 'edit-and-undo' ? [fault.edit] : [];
    for (const [i, driver] of drivers.entries()) {
      const mayFail = rule.mayFail === 'anybody' || (rule.mayFail === 'target' && driver === target);
      const worldOf = worlds[i] ?? this.#world;
      const either = [worldOf, edited(worldOf, edits)].map((world) => evaluate(this.#drawn.steps, world));
      this.#judge(driver, await driver.ended, { either, mayFail, forced });
    }
    for (const driver of drivers) this.#remember(driver);
    if (rule.forgets || forced !== undefined) return;
    const begun = this.#lines().slice(from);
    this.#refuseAgain(begun);
    if (rule.mayFail === 'nobody') this.#refuseTwice(begun);
  }

  /** Whatever is known of it; once in a while. */
  #forcedBy({ force, fault: { chance } }: Act): string | undefined {
    return force ? this.#calls[Math.floor(chance * this.#calls.length)] : undefined;
  }

  #start(name: string, world: World, options: Start & { forced?: string | undefined; isOther?: boolean } = {}): Driver {
    const { forced, isOther = false, ...start } = options;
    const place = isOther ? { ...this.#place, project: this.#otherRepository(world).folder } : this.#place;
    const force = forced === undefined ? [] : ['--force', forced];
    const args = ['run', 'drawn', `p=${at(world, 'p')}`, '--json', ...force];
    const env = { ...start.env, FAULT_PACE: String(this.#pace) };
    const driver = new Driver(name, args, place, { ...start, env });
    this.#drivers.push(driver);
    this.#tools.count('runs');
    return driver;
  }

  #otherRepository(world: World): Repository {
    this.#other ??= this.#repository('other');
    this.#other.write(world);
    return this.#other;
  }

  #repository(name: string): Repository {
    const { folder, subject } = this.#tools;
    const about = { subject, adopted: join(folder, 'adopted'), steps: this.#drawn.steps };
    return new Repository(join(folder, name), about);
  }

  /** A run that nothing disturbs, of this repository or of the other as it is. */
  async #settle(other?: World): Promise<void> {
    const world = other ?? this.#world;
    const expected = evaluate(this.#drawn.steps, world);
    const from = this.#lines().length;
    const driver = this.#start('an undisturbed driver', world, { isOther: other !== undefined });
    this.#judge(driver, await driver.ended, { either: [expected], mayFail: false, forced: undefined });
    this.#judgeBegun(this.#lines().slice(from), expected);
    this.#remember(driver);
    for (const line of expected.lines) this.#known.add(line);
    const started = driver.events.find((event) => event.type === 'run-started');
    this.#calls =
      started?.nodes.flatMap(({ type, address, perItem }) => (type === 'call' && !perItem ? [address] : [])) ?? [];
  }

  #judgeBegun(begun: readonly string[], { lines }: Expected): void {
    this.#tools.count('programs', begun.length);
    this.#refuseAgain(begun);
    const strange = begun.filter((line) => !lines.has(line));
    if (strange.length > 0) throw this.#finding(`these ran, and nobody needed them: ${strange.join(', ')}`);
    this.#refuseTwice(begun);
  }

  #refuseAgain(begun: readonly string[]): void {
    const again = begun.filter((line) => this.#known.has(line) && !mayBeAgain(line));
    if (again.length > 0)
      throw this.#finding(`these ran again, and nothing of theirs had changed: ${again.join(', ')}`);
  }

  #refuseTwice(begun: readonly string[]): void {
    const twice = begun.filter((line, i) => begun.indexOf(line) !== i);
    if (twice.length > 0) throw this.#finding(`these ran twice: ${twice.join(', ')}`);
  }

  #judge(driver: Driver, { code, signal }: Ended, asked: Asked): void {
    if (driver.hasHung) throw this.#finding(`${driver.name} did not come to its end`);
    const said = driver.stdout + driver.stderr;
    if (/mistake in the framework|^\s+at .*:\d+:\d+\)?$/m.test(said)) throw this.#finding(`${driver.name} broke down`);
    const raw = driver.events.find(
      (event) => event.type === 'node-failed' && ['unexpected', 'bug'].includes(event.failure.code),
    );
    if (raw) throw this.#finding(`${driver.name} failed without a reason that helps: ${JSON.stringify(raw)}`);
    this.#judgeLost(driver, asked.forced);
    if (code === 0 && !driver.wasDisturbed && driver.last?.status !== 'succeeded')
      throw this.#finding(`${driver.name} ended with 0 and has not succeeded`);
    if (driver.last?.status === 'succeeded') {
      const wrong = asked.either.map(({ all }) => differences(driver.last?.results, all));
      const [first = []] = wrong;
      // Of each value, one of the worlds that it may have seen.
      const none = first.filter((line) => wrong.every((lines) => lines.some((other) => sameName(line, other))));
      if (none.length > 0) throw this.#finding(`${driver.name} gave wrong values`, none);
      return;
    }
    if (driver.wasDisturbed || asked.mayFail) return;
    throw this.#finding(`${driver.name} failed (${code ?? signal}), and nothing that happened is a reason`);
  }

  /** What was shown as finished is never done again. */
  #judgeLost(driver: Driver, forced: string | undefined): void {
    const again = driver.events.find(
      (event) =>
        event.type === 'node-queued' &&
        event.address !== forced &&
        !mayBeAgain(event.task) &&
        this.#finished.has(event.fingerprint) &&
        !event.service,
    );
    if (again) throw this.#finding(`${driver.name} does again what was finished: ${JSON.stringify(again)}`);
  }

  #remember(driver: Driver): void {
    for (const event of driver.events) if (event.type === 'node-finished') this.#finished.add(event.fingerprint);
  }

  #forget(): void {
    this.#known.clear();
    this.#finished.clear();
  }

  /** All results as files; false when something is damaged that no run has read. */
  async #takeOut(): Promise<boolean> {
    const to = join(this.#tools.folder, 'got');
    rmSync(to, { recursive: true, force: true });
    const get = await this.#command(['get', 'drawn', 'all', '--to', to]);
    if (get.code !== 0) return false;
    const wrong = fileDifferences(to, evaluate(this.#drawn.steps, this.#world).all);
    if (wrong.length > 0) throw this.#finding('what get wrote is wrong', wrong);
    return true;
  }

  /** Only what was damaged before may be missing, and not what has just been made; the next run makes it. */
  async #makeAgain(begun: readonly string[], rule: FaultRule): Promise<void> {
    const damaged = /The stored copy of .*sha256:([0-9a-f]{64})/.exec(this.#drivers.at(-1)?.stderr ?? '')?.[1];
    const maker = evaluate(this.#drawn.steps, this.#world).makers.get(damaged ?? '');
    if (rule.before === undefined || maker === undefined) throw this.#finding('get failed');
    if (begun.includes(maker)) throw this.#finding(`what ${maker} has just made is not what is kept`);
    this.#forget();
    await this.#settle();
    if (!(await this.#takeOut())) throw this.#finding('get failed again');
  }

  async #command(args: readonly string[], start: Start = {}): Promise<Ended> {
    const driver = new Driver(args.join(' '), args, this.#place, start);
    this.#drivers.push(driver);
    return await driver.ended;
  }

  async #beside(args: readonly string[], start: Start): Promise<void> {
    const { code } = await this.#command(args, start);
    if (code !== 0) throw this.#finding(`pipeline ${args.join(' ')} failed (${code})`);
  }

  #lines(): string[] {
    return readFileSync(this.#ledger, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line !== '');
  }

  #finding(what: string, seen: readonly string[] = []): Finding {
    return new Finding(`${this.#where}: ${what}`, [...seen, ...this.#drivers.map((driver) => driver.report())]);
  }
}

interface Asked {
  /** Of the worlds that it may have seen. */
  readonly either: readonly Expected[];
  readonly mayFail: boolean;
  readonly forced: string | undefined;
}

/** Adopted files that were written again, with whatever bytes, have to be adopted again. */
function mayBeAgain(lineOrTask: string): boolean {
  return /^adopt( |$)/.test(lineOrTask);
}

function sameName(line: string, other: string): boolean {
  return line.split(' ', 1)[0] === other.split(' ', 1)[0];
}
