import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execaSync } from 'execa';
import fc from 'fast-check';
import type { Episode, EpisodeVideo, Feature } from '../../../../tasks/formats/lerobot-dataset/schema/dataset.ts';
import { framesOf, readFrames, videoOf } from '../../../../tasks/formats/lerobot-dataset/frames.ts';
import { readEpisodes, readInfo } from '../../../../tasks/formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../../../tasks/formats/lerobot-dataset/write.ts';
import { decodeVideo } from '../../../../tasks/formats/video/decode.ts';
import { readMp4Index } from '../../../../tasks/formats/video/mp4-index.ts';
import { query } from '../../../support/duckdb.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { cameraEpisode, cameraFeatures } from '../../../support/tiny-cameras.ts';
import { collect } from '../../../support/tiny-dataset.ts';
import { withoutFfmpeg } from '../video/frames.ts';

const skip = withoutFfmpeg('libx264');
const versions = ['v2.1', 'v3.0'] as const;
const top = 'observation.images.top';
const wrist = 'observation.images.wrist';
const columns = Object.keys(cameraFeatures);
const options = { fps: 10, robotType: 'test', features: cameraFeatures };

for (const version of versions) {
  test(`episodes with videos, images and strings survive writing and reading, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const episodes = await recorded(root, [1, 5]);
    const path = join(root, 'set');
    await writeDataset(path, { ...options, version }, episodes);
    const found = await collect(readEpisodes(path, { columns }));
    for (const [i, episode] of episodes.entries()) {
      const { videos: _, images, ...rest } = found[i] as Episode;
      const { videos: _videos, images: expectedImages, ...expected } = episode;
      assert.deepEqual(rest, expected);
      assert.deepEqual(
        images?.[wrist]?.frames.map((file) => Buffer.from(file)),
        expectedImages?.[wrist]?.frames.map((file) => Buffer.from(file)),
      );
      for (const key of [top, 'observation.images.side']) {
        const source = videoOf(episode, key);
        const written = videoOf(found[i] as Episode, key);
        assert.deepEqual(await pixelsOf(framesOf(found[i] as Episode, key)), await pixelsOf(decodeVideo(source.path)));
        const { quantiles, ...exact } = source.stats ?? {};
        assert.deepEqual(written.stats, version === 'v3.0' ? { ...exact, quantiles } : exact);
      }
    }
    assert.deepEqual(
      await pixelsOf(readFrames(path, 1, top)),
      await pixelsOf(decodeVideo(videoOf(episodes[1] as Episode, top).path)),
    );
  });

  test(`equal episodes with cameras give equal bytes, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    for (const name of ['a', 'b'])
      await writeDataset(join(root, name), { ...options, version }, await recorded(join(root, `of-${name}`), [3, 4]));
    assert.deepEqual(contentOf(join(root, 'a')), contentOf(join(root, 'b')));
  });

  test(`DuckDB reads images, strings and their places in the files, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const episodes = await recorded(root, [2, 3]);
    await writeDataset(join(root, 'set'), { ...options, version }, episodes);
    const rows = await query(
      `select note, "${wrist}".path, hex("${wrist}".bytes) from read_parquet('${root}/set/data/*/*.parquet') order by index`,
    );
    const frames = episodes.flatMap((episode) =>
      Array.from({ length: episode.length }, (_, frame) => ({ episode, frame })),
    );
    assert.equal(rows.length, frames.length);
    for (const [row, { episode, frame }] of frames.entries()) {
      const name = `frame${version === 'v3.0' ? '-' : '_'}00000${frame}.png`;
      const bytes = Buffer.from(episode.images?.[wrist]?.frames[frame] ?? [])
        .toString('hex')
        .toUpperCase();
      assert.deepEqual(rows[row], [episode.strings?.note?.[frame], name, bytes]);
    }
  });

  test(`frames of every video are shown at k / fps, as ffprobe sees them, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const lengths = [7, 2, 5];
    await writeDataset(join(root, 'set'), { ...options, fps: 30, version }, await recorded(root, lengths, 30));
    const files = readdirSync(join(root, 'set'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.mp4'),
    );
    assert.equal(files.length, version === 'v3.0' ? 2 : 6);
    for (const file of files) {
      const times = shownTimes(join(root, 'set', file));
      for (const [frame, time] of times.entries()) assert.ok(Math.abs(time - frame / 30) < 1e-5, `${file}: ${time}`);
    }
  });

  test(`statistics that are missing come from the decoded frames, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const [episode] = await recorded(root, [6]);
    const bare = withoutStats(episode as Episode);
    await writeDataset(join(root, 'set'), { ...options, version }, [bare]);
    const [found] = await collect(readEpisodes(join(root, 'set'), { columns }));
    const [expected, decoded] = [videoOf(episode as Episode, top).stats, videoOf(found as Episode, top).stats];
    assert.equal(decoded?.count, 6);
    decoded?.mean.forEach((mean, i) => assert.ok(Math.abs(mean - (expected?.mean[i] ?? 0)) < 0.01));
    const { quantiles, ...exact } = episode?.images?.[wrist]?.stats ?? {};
    assert.deepEqual(found?.images?.[wrist]?.stats, version === 'v3.0' ? { ...exact, quantiles } : exact);
  });

  test(`a video that is not as declared is refused with all that is wrong, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const [first, second] = (await recorded(root, [3, 4])) as [Episode, Episode];
    const swap = (videos: Episode['videos']): Episode => ({ ...second, videos: { ...second.videos, ...videos } });
    const write = async (name: string, episode: Episode): Promise<void> => {
      await writeDataset(join(root, `set-${name}`), { ...options, version }, [first, episode]);
    };
    await assert.rejects(write('short', swap(first.videos)), {
      code: 'wrong-episode',
      message: /Episode 1 does not fit.*\n.*top has 3 frames, the episode 4.*\n.*side has 3 frames/,
    });
    const fast = await cameraEpisode(join(root, 'fast'), { index: 1, length: 4, fps: 30 });
    await assert.rejects(write('fast', swap(fast.videos)), {
      message: /top shows frame 1 at 0\.0333 s; at 10 fps it belongs at 0\.1000 s/,
    });
    const other = await cameraEpisode(join(root, 'other'), { index: 1, length: 4, fps: 10, codec: 'av1' });
    await assert.rejects(write('codec', swap(other.videos)), {
      message: /top is coded as av1, the first episode's as h264/,
    });
    const pointer = join(root, 'pointer.mp4');
    writeFileSync(pointer, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    await assert.rejects(write('pointer', swap({ [top]: { path: pointer } })), { code: 'lfs-pointer' });
    const { note: _, ...strings } = { note: [] };
    await assert.rejects(write('bare', { ...second, videos: {}, images: {}, strings }), {
      message: /top is missing\n.*side is missing\n.*wrist is missing\n.*note is missing/,
    });
  });

  test(`a temporary video is moved, another one stays, ${version}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const [episode] = (await recorded(root, [3])) as [Episode];
    const { path } = videoOf(episode, top);
    const spare = `${path}.spare.mp4`;
    copyFileSync(path, spare);
    const videos = { ...episode.videos, [top]: { ...videoOf(episode, top), path: spare, temporary: true } };
    await writeDataset(join(root, 'set'), { ...options, version }, [{ ...episode, videos }]);
    assert.deepEqual([existsSync(spare), existsSync(path)], [false, true]);
  });
}

test('info.json describes the videos by their first file', { skip }, async (t) => {
  const root = tempFolder(t);
  const episodes = await recorded(root, [3, 2]);
  for (const version of versions) {
    await writeDataset(join(root, version), { ...options, version }, episodes);
    const info = jsonOf(join(root, version, 'meta/info.json'));
    assert.deepEqual((info.features as Record<string, unknown>)[top], {
      dtype: 'video',
      shape: [64, 96, 3],
      names: ['height', 'width', 'channels'],
      info: {
        'video.height': 64,
        'video.width': 96,
        'video.codec': 'h264',
        'video.pix_fmt': 'yuv420p',
        'video.is_depth_map': false,
        'video.fps': 10,
        'video.channels': 3,
        has_audio: false,
      },
    });
    assert.equal(info.total_videos, version === 'v2.1' ? 4 : undefined);
    assert.equal(info.video_files_size_in_mb, version === 'v2.1' ? undefined : 200);
    assert.equal(
      info.video_path,
      version === 'v2.1'
        ? 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4'
        : 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4',
    );
  }
});

test('statistics of cameras are nested for channels, rows and columns', { skip }, async (t) => {
  const root = tempFolder(t);
  await writeDataset(join(root, 'v3.0'), { ...options, version: 'v3.0' }, await recorded(root, [3, 2]));
  await writeDataset(join(root, 'v2.1'), { ...options, version: 'v2.1' }, await recorded(root, [3, 2]));
  const stats = jsonOf(join(root, 'v3.0/meta/stats.json'));
  assert.deepEqual(shapeOf((stats[top] as { q99: unknown }).q99), [3, 1, 1]);
  assert.equal(stats.note, undefined, 'strings have no statistics');
  const [line = ''] = readFileSync(join(root, 'v2.1/meta/episodes_stats.jsonl'), 'utf8').split('\n');
  const { stats: first } = JSON.parse(line) as { stats: Record<string, { std: unknown; count: unknown }> };
  assert.deepEqual([shapeOf(first[wrist]?.std), first[wrist]?.count], [[3, 1, 1], [3]]);
  const rows = await query(
    `select "stats/${top}/mean"::json, "stats/${top}/count"::json, "videos/${top}/from_timestamp", "videos/${top}/to_timestamp",
     "videos/${top}/chunk_index", "videos/${top}/file_index"
     from read_parquet('${root}/v3.0/meta/episodes/*/*.parquet') order by episode_index`,
  );
  assert.deepEqual(
    rows.map((row) => shapeOf(JSON.parse(String(row[0])))),
    [
      [3, 1, 1],
      [3, 1, 1],
    ],
  );
  assert.deepEqual(
    rows.map((row) => row.slice(1)),
    [
      ['[3]', 0, 0.3, 0n, 0n],
      ['[2]', 0.3, 0.5, 0n, 0n],
    ],
  );
});

test('a full video file is followed by the next one, at every rate and length', { skip }, async (t) => {
  const root = tempFolder(t);
  const features = { [top]: cameraFeatures[top] as Feature };
  const drawn = new Map<string, Episode>();
  for (const fps of [7, 30]) {
    for (const length of [1, 2, 7]) {
      const { videos, ...episode } = await cameraEpisode(join(root, String(fps)), { index: 0, length, fps });
      const only = { [top]: videos?.[top] as EpisodeVideo };
      drawn.set(`${fps} ${length}`, { ...episode, columns: {}, strings: {}, images: {}, videos: only });
    }
  }
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(1, 2, 7), { minLength: 2, maxLength: 9 }),
      fc.constantFrom(7, 30),
      fc.constantFrom(0.0000001, 0.004, 0.01, 200),
      async (lengths, fps, videoFileMegabytes) => {
        run += 1;
        const episodes = lengths.map((length) => drawn.get(`${fps} ${length}`) as Episode);
        const path = join(root, `set-${run}`);
        await writeDataset(path, { ...options, features, version: 'v3.0', fps, videoFileMegabytes }, episodes);
        const rows = await query(
          `select length, "videos/${top}/file_index", "videos/${top}/from_timestamp", "videos/${top}/to_timestamp"
           from read_parquet('${path}/meta/episodes/*/*.parquet') order by episode_index`,
        );
        const files = new Map<number, Buffer[]>();
        for (const [i, row] of rows.entries()) {
          const [length = 0, file = 0, from, to] = row.map(Number);
          const frames = files.get(file) ?? [];
          assert.deepEqual([from, to], [frames.length / fps, (frames.length + length) / fps]);
          files.set(file, [...frames, ...(await storedFrames(videoOf(episodes[i] as Episode, top).path))]);
        }
        const limit = videoFileMegabytes * 1024 * 1024;
        for (const [file, frames] of files) {
          const mp4 = join(path, `videos/${top}/chunk-000/file-00${file}.mp4`);
          assert.deepEqual(await storedFrames(mp4), frames);
          const { times } = await readMp4Index(mp4);
          for (const [frame, time] of times.entries()) assert.ok(Math.abs(time - frame / fps) < 1e-9);
          const alone = rows.filter((row) => Number(row[1]) === file).length === 1;
          assert.ok(alone || frames.reduce((sum, { length }) => sum + length, 0) < limit);
        }
        const found = await collect(readEpisodes(path, { columns: [top] }));
        assert.deepEqual(
          found.map((episode) => videoOf(episode, top).firstFrame),
          rows.map((row) => Math.round(Number(row[2]) * fps)),
        );
      },
    ),
    { numRuns: 12 },
  );
});

test('a video that does not hold the episodes that its table names is a problem', { skip }, async (t) => {
  const root = tempFolder(t);
  const path = join(root, 'set');
  await writeDataset(path, { ...options, version: 'v3.0' }, await recorded(root, [3, 4]));
  const video = `videos/${top}/chunk-000/file-000.mp4`;
  copyFileSync(videoOf((await recorded(root, [5]))[0] as Episode, top).path, join(path, video));
  await assert.rejects(collect(readEpisodes(path, { columns: [top] })), {
    code: 'frames-differ',
    message: /the 4 frames of episode 1 from 0\.3 s on: it has 5 frames/,
  });
  writeFileSync(join(path, video), 'version https://git-lfs.github.com/spec/v1\n');
  await assert.rejects(collect(readEpisodes(path, { columns: [top] })), { code: 'lfs-pointer' });
});

test('from version 2.1 to 3.0 and back, videos keep their frames bit by bit', { skip }, async (t) => {
  const root = tempFolder(t);
  const episodes = await recorded(root, [4, 6]);
  const [a, b, c] = [join(root, 'a'), join(root, 'b'), join(root, 'c')] as const;
  await writeDataset(a, { ...options, version: 'v2.1' }, episodes);
  await writeDataset(b, { ...options, version: 'v3.0' }, readEpisodes(a, { columns }));
  await writeDataset(c, { ...options, version: 'v2.1' }, readEpisodes(b, { columns }));
  for (const table of ['info.json', 'episodes.jsonl', 'tasks.jsonl', 'episodes_stats.jsonl']) {
    assert.equal(readFileSync(join(c, 'meta', table), 'utf8'), readFileSync(join(a, 'meta', table), 'utf8'));
  }
  const [first, back] = [contentOf(join(a, 'data')), contentOf(join(c, 'data'))];
  assert.deepEqual(back, first);
  for (const file of contentOf(join(a, 'videos')).keys()) {
    assert.deepEqual(await storedFrames(join(c, 'videos', file)), await storedFrames(join(a, 'videos', file)));
  }
});

test('cameras need three dimensions and three channels, and get names for them', { skip }, async (t) => {
  const root = tempFolder(t);
  const features = {
    ...cameraFeatures,
    [top]: { dtype: 'video', shape: [64, 96, 1] },
    [wrist]: { dtype: 'image', shape: [60] },
  };
  await assert.rejects(writeDataset(join(root, 'set'), { ...options, version: 'v3.0', features }, []), {
    code: 'wrong-camera',
    message: /top" \[64,96,1\].*wrist" \[60\]/,
  });
  const { [wrist]: image, ...others } = (await recorded(root, [2]))[0]?.images ?? {};
  assert.deepEqual(others, {});
  const path = join(root, 'images');
  const named = { [wrist]: { dtype: 'image', shape: [6, 10, 3] } };
  const episode = {
    index: 0,
    tasks: ['look'],
    length: 2,
    columns: {},
    images: { [wrist]: image as NonNullable<typeof image> },
  };
  await writeDataset(path, { ...options, version: 'v3.0', features: named }, [episode]);
  assert.deepEqual((await readInfo(path)).features[wrist]?.names, ['height', 'width', 'channels']);
});

async function recorded(root: string, lengths: readonly number[], fps = 10): Promise<Episode[]> {
  const episodes: Episode[] = [];
  for (const [index, length] of lengths.entries()) {
    episodes.push(await cameraEpisode(join(root, 'recordings'), { index, length, fps }));
  }
  return episodes;
}

function withoutStats(episode: Episode): Episode {
  const bare = <T extends object>(cameras: Readonly<Record<string, T>> = {}): Record<string, T> =>
    Object.fromEntries(Object.entries(cameras).map(([key, camera]) => [key, { ...camera, stats: undefined }]));
  return { ...episode, images: bare(episode.images), videos: bare(episode.videos) };
}

async function pixelsOf(frames: AsyncIterable<{ rgb: Uint8Array }>): Promise<Buffer[]> {
  return (await collect(frames)).map(({ rgb }) => Buffer.from(rgb));
}

async function storedFrames(path: string): Promise<Buffer[]> {
  const { offsets, sizes } = await readMp4Index(path);
  const bytes = readFileSync(path);
  return [...offsets].map((offset, frame) => bytes.subarray(offset, offset + (sizes[frame] ?? 0)));
}

function shownTimes(path: string): number[] {
  const { stdout } = execaSync('ffprobe', ['-v', 'error', '-show_frames', '-of', 'json', path]);
  return (JSON.parse(stdout) as { frames: { pts_time: string }[] }).frames.map(({ pts_time }) => Number(pts_time));
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

function jsonOf(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file), 'latin1')]));
}
