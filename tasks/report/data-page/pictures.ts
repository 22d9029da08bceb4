import { html, type Html } from '../page/html.ts';
import { cards, figure, section } from '../page/layout.ts';

/** A frame of an episode, as a whole file. */
export interface Picture {
  readonly camera: string;
  readonly caption: string;
  readonly format: 'jpeg' | 'png';
  readonly bytes: Uint8Array;
}

export function picturesSection(pictures: readonly Picture[], note: string): Html | false {
  if (pictures.length === 0) return false;
  const figures = pictures.map(({ camera, caption, format, bytes }) => {
    const source = `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`;
    const picture = html`<img src="${source}" alt="first frame of ${camera}" style="width: 100%; height: auto; display: block">`;
    return figure({ title: caption, note: camera, body: picture });
  });
  return section({ title: 'First frames', note, body: cards(figures) });
}
