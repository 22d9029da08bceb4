import { type Content, Html, html } from './html.ts';
import { style } from './style.ts';

/**
 * A whole page: no network, no script.
 *
 * The hidden section and the comment in it are where a run's graph and times go when the page is taken out of the
 * store: results hold no clock, so that equal results are equal bytes.
 */
export function page({ title, lead, body }: { title: string; lead: Content; body: Content }): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
</header>
${body}
<section id="this-run" hidden><!--stet:this-run--></section>
</main>
</body>
</html>
`.text;
}

export function section({ title, note, body }: { title: string; note?: Content; body: Content }): Html {
  return html`<section>
<h2>${title}</h2>
${note !== undefined && html`<p class="note">${note}</p>`}
${body}
</section>
`;
}

export function figure({
  title,
  note,
  body,
  picked = false,
}: {
  title: Content;
  note?: Content;
  body: Content;
  picked?: boolean;
}): Html {
  return html`<figure${picked && html` class="picked"`}><figcaption><h3>${title}</h3>${
    note !== undefined && html`<p class="note">${note}</p>`
  }</figcaption>
${body}</figure>
`;
}

export function cards(figures: readonly Html[]): Html {
  return html`<div class="cards">${figures}</div>\n`;
}

/** A column's name; numbers are aligned to the right. */
export interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
}

export function table(
  columns: readonly Column[],
  rows: readonly { cells: readonly Content[]; picked?: boolean }[],
): Html {
  const tone = (k: number): Content => columns[k]?.isNumber && html` class="number"`;
  return html`<div class="wide"><table>
<thead><tr>${columns.map(({ name }, k) => html`<th scope="col"${tone(k)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ cells, picked }) =>
      html`<tr${picked && html` class="picked"`}>${cells.map((cell, k) => html`<td${tone(k)}>${cell}</td>`)}</tr>\n`,
  )}</tbody>
</table></div>
`;
}

/** Names of colours, as in the style. */
export function key(entries: readonly { name: string; colour: Colour }[]): Html {
  return html`<ul class="key">${entries.map(
    ({ name, colour }) => html`<li style="--swatch: var(--${colour})">${name}</li>`,
  )}</ul>`;
}

export type Colour = 'base' | 'demos' | 'both' | 'dropped';
