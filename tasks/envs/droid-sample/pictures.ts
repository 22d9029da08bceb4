import { cartesianOf } from './arm.ts';
import { farthestFirst, lookAt, paintFaces, type View } from './camera.ts';
import { Canvas } from './canvas.ts';
import type { Moment, SampleEpisode } from './episode.ts';
import { between } from './draws.ts';
import { type Camera, randomFor } from './facts.ts';
import { type Look, lookOf, movingFaces, movingFacesAtWrist, stillFaces, wristView } from './scene.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Draws what the three cameras of an episode see. */
export class Pictures {
  private readonly episode: SampleEpisode;
  private readonly look: Look;
  private readonly views: Readonly<Record<'exterior1' | 'exterior2', View>>;
  /** Scenes without what moves. */
  private readonly backgrounds = new Map<Camera, Canvas>();
  private readonly canvas: Canvas;

  constructor(seed: number, episode: SampleEpisode, { width, height }: PictureSize) {
    const random = randomFor(seed, episode.index, 'look');
    const eye = (side: number): [number, number, number] => [
      between(random, 0.25, 0.5),
      side * between(random, 0.85, 1),
      between(random, 0.5, 0.65),
    ];
    this.episode = episode;
    this.look = lookOf(random);
    this.views = {
      exterior1: lookAt(eye(1), [0.33, 0, 0.26], 0.58),
      exterior2: lookAt(eye(-1), [0.33, 0, 0.26], 0.58),
    };
    this.canvas = new Canvas(width, height);
  }

  /** The picture at step `t`. The next call draws over it. */
  draw(camera: Camera, t: number): Canvas {
    const moment = this.episode.moments[t] as Moment;
    if (camera === 'wrist') return this.drawWrist(moment);
    const view = this.views[camera];
    this.canvas.copy(this.backgroundOf(camera, view));
    paintFaces(this.canvas, view, farthestFirst(view, movingFaces(moment, this.episode, view)));
    return this.canvas;
  }

  /** Where the camera is at step `t`: as DROID has poses, its axes being right, down and forward. */
  poseOf(camera: Camera, t: number): number[] {
    const { eye, right, down, forward } =
      camera === 'wrist' ? wristView(this.episode.moments[t] as Moment) : this.views[camera];
    return cartesianOf({ axes: [right, down, forward], origin: eye });
  }

  private drawWrist(moment: Moment): Canvas {
    const view = wristView(moment);
    this.canvas.fill(this.look.wall);
    paintFaces(this.canvas, view, stillFaces(this.episode, this.look));
    paintFaces(this.canvas, view, farthestFirst(view, movingFacesAtWrist(moment, this.episode, view)));
    return this.canvas;
  }

  private backgroundOf(camera: Camera, view: View): Canvas {
    const drawn = this.backgrounds.get(camera);
    if (drawn) return drawn;
    const canvas = new Canvas(this.canvas.width, this.canvas.height);
    canvas.fill(this.look.wall);
    paintFaces(canvas, view, stillFaces(this.episode, this.look));
    this.backgrounds.set(camera, canvas);
    return canvas;
  }
}
