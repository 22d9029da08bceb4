import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { nearest } from '../../tasks/core/nearest.ts';
import type { Door, ExecutorSite } from '../executors/door.ts';
import { defaultExecutor } from './default-executor.ts';
import type { Site } from './site.ts';

/** The executor of that name, loaded. Throws `no-such-executor`. */
export async function doorNamed(site: Site, name: string): Promise<Door> {
  const door = await findDoor(site, name);
  if (door) return door;
  throw noSuchExecutor(site, name);
}

/** The same; undefined when the site has none of that name any more. */
export async function findDoor({ doors }: Site, name: string): Promise<Door | undefined> {
  return Object.hasOwn(doors, name) ? doors[name]?.() : undefined;
}

/** Where jobs run for which nothing else is said: what `--executor` asks for, else what the site says. Throws `no-such-executor`. */
export function mainExecutor(site: Site, asked: string | undefined): string {
  const name = asked ?? site.executor ?? defaultExecutor;
  return known(site, name);
}

/** The name, when there is such an executor. Throws `no-such-executor`. */
export function known(site: Site, name: string): string {
  if (names(site).includes(name)) return name;
  throw noSuchExecutor(site, name);
}

/** All executors of a site, loaded. */
export async function allDoors(site: Site): Promise<Door[]> {
  return Promise.all(names(site).map((name) => doorNamed(site, name)));
}

/** What a door is told of the site. Throws `wrong-site` where the file does not say what the door must know. */
export function siteFor(door: Door, { site, storeRoot }: { site: Site; storeRoot: string }): ExecutorSite {
  const { executors, local: machine } = site;
  const given = executors?.[door.name];
  if (given !== undefined || !door.site) return { own: given, storeRoot, machine };
  const { data: own, error } = door.site.safeParse({});
  if (!error) return { own, storeRoot, machine };
  throw new Problem('wrong-site', `executors.${door.name} of pipeline.config.ts lacks:\n${z.prettifyError(error)}`);
}

function names({ doors }: Site): string[] {
  return Object.keys(doors);
}

function noSuchExecutor(site: Site, name: string): Problem {
  const likely = nearest(name, names(site));
  return new Problem('no-such-executor', `There is no executor "${name}".`, {
    hint: likely ? `Did you mean "${likely}"?` : `The executors are: ${names(site).join(', ')}.`,
  });
}
