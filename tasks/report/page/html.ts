/** Text that is markup already. Everything else is escaped when it meets markup. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Content = Html | string | number | false | undefined | readonly Content[];

/** Markup with escaped holes: `` html`<p>${anything}</p>` ``. Lists are joined, `false` and `undefined` vanish. */
export function html(strings: TemplateStringsArray, ...holes: readonly Content[]): Html {
  return new Html(strings.map((text, k) => (k === 0 ? text : render(holes[k - 1]) + text)).join(''));
}

function render(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  if (content === undefined || content === false) return '';
  return content.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
