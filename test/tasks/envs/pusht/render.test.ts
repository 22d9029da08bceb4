import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushT } from '../../../../tasks/envs/pusht/env.ts';
import { animation, filmStrip } from '../../../../tasks/envs/pusht/render.ts';

test('a film strip shows the first and the last frame', () => {
  const svg = filmStrip(episode(41), { pictures: 5, title: 'a < b' });
  assert.deepEqual(
    [...svg.matchAll(/>(\d+)<\/text>/g)].map(([, step]) => step),
    ['0', '10', '20', '30', '40'],
  );
  assert.match(svg, /<title>a &lt; b<\/title>/);
});

test('a short episode has fewer pictures, each once', () => {
  assert.equal([...filmStrip(episode(3)).matchAll(/<text/g)].length, 3);
  assert.equal([...filmStrip(episode(1)).matchAll(/<text/g)].length, 1);
});

test('an animation has one value per frame and no script', () => {
  const svg = animation(episode(25), { fps: 10 });
  const values = [...svg.matchAll(/values="([^"]*)"/g)].map(([, text]) => (text as string).split(';').length);
  assert.ok(values.length >= 4 && values.every((count) => count === 25));
  assert.match(svg, /dur="2.5s"/);
  assert.doesNotMatch(svg, /script/);
});

test('equal episodes give equal pictures', () => {
  assert.equal(filmStrip(episode(30)), filmStrip(episode(30)));
});

function episode(frames: number): number[] {
  const env = new PushT();
  env.reset({ seed: 100000 });
  return Array.from({ length: frames }, (_, i) => {
    if (i > 0) env.step([150 + 5 * i, 150 + 6 * i]);
    const { agent, keypoints } = env.observe();
    return [...agent, ...keypoints];
  }).flat();
}
