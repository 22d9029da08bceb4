import { quoted } from '../words/quoted.ts';

/** What runs without a store, or is no command to paste. */
const withoutStore = /^pipeline (?:new|list|--)/;
const quotedCommand = /`(pipeline [a-z][^`]*)`/g;
const bareCommand =
  /(?<=^|[\s(])pipeline (?:cache (?:stat|verify|collect)|run|plan|resume|attach|tick|cancel|runs|status|logs|why|diff|get|serve|graph|doctor|show|accept|accepted)\b[^\n`;)]*/gm;

/**
 * A text whose suggested commands work as they stand for somebody who named a store with `--store`: whoever wrote the advice, and
 * whoever kept it in a log, did not know of that.
 */
export function withStore(text: string, store: string | undefined): string {
  if (store === undefined || !text.includes('pipeline ')) return text;
  const complete = (command: string): string => {
    const isComplete = withoutStore.test(command) || command.includes(' --store');
    return isComplete ? command : `${command.trimEnd()}${inStore(store)}`;
  };
  return text
    .replace(quotedCommand, (_, command: string) => `\`${complete(command)}\``)
    .replace(bareCommand, (command: string) => complete(command));
}

/** What a command to paste needs at its end when the store is not the usual one. */
export function inStore(store: string | undefined): string {
  return store === undefined ? '' : ` --store ${quoted(store)}`;
}
