import { isTable } from '../../../cache/canonical-json.ts';
import { type Html, html } from '../page/html.ts';
import { section, table } from '../page/layout.ts';

/** Every parameter under its dotted name, as it is written on the command line. */
export function parametersSection(parameters: unknown): Html {
  const rows = flatten(parameters, []).map(([name, value]) => ({
    cells: [name, html`<span class="value">${JSON.stringify(value)}</span>`],
  }));
  return section({
    title: 'Parameters',
    body: html`<details><summary>All ${rows.length} parameters of this experiment</summary>
${table([{ name: 'Name' }, { name: 'Value' }], rows)}</details>`,
  });
}

export function flatten(value: unknown, path: readonly string[]): [string, unknown][] {
  if (!isTable(value)) return [[path.join('.'), value]];
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, inner]) => flatten(inner, [...path, name]));
}
