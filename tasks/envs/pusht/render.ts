import { goalPose, placeTee, pusherRadius, wallRadius, walls, worldSize } from './geometry.ts';

/** Values of one frame: pusher [x, y], then the tee's 8 corners [x0, y0, ..., x7, y7]. */
export const frameSize = 18;

/** Names of upstream's colours; `light` ones are those times 1.2, as Chipmunk's debug drawing has it. */
const colours = {
  goal: 'rgb(144,238,144)',
  wall: 'rgb(211,211,211)',
  tee: 'rgb(119,136,153)',
  teeLight: 'rgb(143,163,184)',
  pusher: 'rgb(65,105,225)',
  pusherLight: 'rgb(78,126,255)',
};

const scenery = sceneryOf();

/**
 * An episode as a row of pictures, evenly spaced in time, the first and the last frame among them; an SVG document.
 *
 * `frames`: row-major [frames, 18]. Between two pictures the pusher's way is a thin line.
 */
export function filmStrip(frames: ArrayLike<number>, { pictures = 8, title = '' } = {}): string {
  const count = frames.length / frameSize;
  const shown = Math.min(pictures, count);
  const gap = 16;
  const captionHeight = 44;
  const steps = Array.from({ length: shown }, (_, i) =>
    shown === 1 ? 0 : Math.round((i * (count - 1)) / (shown - 1)),
  );
  const drawn = steps.map((step, i) => {
    const trail = trailOf(frames, steps[i - 1] ?? step, step);
    const caption = `<text x="8" y="${worldSize + 32}" font-size="28" fill="#555">${step}</text>`;
    return `<g transform="translate(${i * (worldSize + gap)})">${scenery}${trail}${sceneOf(frames, step)}${caption}</g>`;
  });
  const width = shown * (worldSize + gap) - gap;
  return svg(width, worldSize + captionHeight, shown * 128, [titleOf(title), ...drawn]);
}

/** An episode as an SVG document that plays by itself, over and over, without script. `fps`: frames shown per second. */
export function animation(frames: ArrayLike<number>, { fps = 20, title = '' } = {}): string {
  const count = frames.length / frameSize;
  const seconds = round(count / fps);
  const animate = (attribute: string, valueAt: (frame: number) => string) => {
    const values = Array.from({ length: count }, (_, frame) => valueAt(frame)).join(';');
    return `<animate attributeName="${attribute}" dur="${seconds}s" repeatCount="indefinite" values="${values}"/>`;
  };
  const moves = animate('cx', (frame) => number(frames, frame, 0)) + animate('cy', (frame) => number(frames, frame, 1));
  const parts = [2, 10].map((first) => {
    return `<polygon ${teeStyle}>${animate('points', (frame) => pointsOf(frames, frame, first))}</polygon>`;
  });
  const pusher = `<circle r="${pusherRadius}" fill="${colours.pusher}">${moves}</circle>`;
  const inner = `<circle r="11" fill="${colours.pusherLight}">${moves}</circle>`;
  return svg(worldSize, worldSize, 256, [titleOf(title), scenery, ...parts, pusher, inner]);
}

const teeStyle = `fill="${colours.teeLight}" stroke="${colours.tee}" stroke-width="4" stroke-linejoin="round"`;

function svg(width: number, height: number, shownWidth: number, content: readonly string[]): string {
  const size = `width="${shownWidth}" height="${Math.round((shownWidth * height) / width)}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">\n${content.filter((part) => part !== '').join('\n')}\n</svg>\n`;
}

function titleOf(title: string): string {
  const escaped = title.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return title === '' ? '' : `<title>${escaped}</title>`;
}

function sceneryOf(): string {
  const goal = placeTee(...goalPose, new Float64Array(16));
  const frame = [0, 0, ...goal];
  const parts = [2, 10].map((first) => `<polygon points="${pointsOf(frame, 0, first)}" fill="${colours.goal}"/>`);
  const lines = walls.map(([x0, y0, x1, y1]) => `M${x0} ${y0}L${x1} ${y1}`).join('');
  const wall = `<path d="${lines}" stroke="${colours.wall}" stroke-width="${2 * wallRadius}" stroke-linecap="round"/>`;
  return `<rect width="${worldSize}" height="${worldSize}" fill="white"/>${parts.join('')}${wall}`;
}

function sceneOf(frames: ArrayLike<number>, frame: number): string {
  const centre = `cx="${number(frames, frame, 0)}" cy="${number(frames, frame, 1)}"`;
  const parts = [2, 10].map((first) => `<polygon points="${pointsOf(frames, frame, first)}" ${teeStyle}/>`);
  const pusher = `<circle ${centre} r="${pusherRadius}" fill="${colours.pusher}"/>`;
  return `${parts.join('')}${pusher}<circle ${centre} r="11" fill="${colours.pusherLight}"/>`;
}

function trailOf(frames: ArrayLike<number>, from: number, to: number): string {
  if (from === to) return '';
  const points = Array.from({ length: to - from + 1 }, (_, i) => {
    return `${number(frames, from + i, 0)},${number(frames, from + i, 1)}`;
  });
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours.pusher}" stroke-width="3" opacity="0.5"/>`;
}

/** Four corners from the value `first` on. */
function pointsOf(frames: ArrayLike<number>, frame: number, first: number): string {
  const corner = (i: number) => `${number(frames, frame, first + 2 * i)},${number(frames, frame, first + 2 * i + 1)}`;
  return [0, 1, 2, 3].map(corner).join(' ');
}

function number(frames: ArrayLike<number>, frame: number, value: number): string {
  return String(round(frames[frameSize * frame + value] as number));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
