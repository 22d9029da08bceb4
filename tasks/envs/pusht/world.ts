import { type Box, BroadPhase, overlap } from './broad-phase.ts';
import { collidePusher, collideWall, type Part } from './collide.ts';
import { type Contact, newTouch, type Touch } from './contact.ts';
import { pusherRadius, teeCogY, teeCorners, teeInertia, wallRadius, walls } from './geometry.ts';

/** Seconds of one physics sub-step. */
const dt = 0.01;
const iterations = 10;
/** Overlap that is left alone, world units. Chipmunk writes it, and the bias, in single precision. */
const slop = Math.fround(0.1);
/**
 * Share of the remaining overlap that one sub-step takes away: 1 - (0.9^60)^dt, 0.9 in single precision. Written out, as powers are
 * not the same to the last bit everywhere.
 */
const biasPerStep = 0.061259621561307376;
/** Sub-steps without touching after which two shapes forget their impulses. */
const persistence = 3;

/**
 * Chipmunk's space of PushT, quasi-static: a pusher of infinite mass, a tee whose velocity is wiped each sub-step, four walls.
 *
 * One `subStep` follows `cpSpaceStep` (Chipmunk 7.0.3) in order: positions, contacts, pre-step, velocities, remembered
 * impulses, ten sweeps of sequential impulses. No friction, no bounce.
 */
export class World {
  pusherX = 256;
  pusherY = 400;
  pusherVx = 0;
  pusherVy = 0;
  /** Contact points in the last sub-step. */
  contactCount = 0;
  // The tee's centre of gravity, angle, and velocities; the second kind lives for one sub-step and only corrects overlap.
  #x = 0;
  #y = 0;
  #angle = 0;
  #vx = 0;
  #vy = 0;
  #w = 0;
  #biasVx = 0;
  #biasVy = 0;
  #biasW = 0;
  #stamp = 0;
  readonly #parts: readonly [Part, Part] = [newPart(), newPart()];
  readonly #touches: readonly Touch[] = allTouches();
  /** Touching in this sub-step, in the order in which impulses are applied. */
  readonly #active: Touch[] = [];
  /** Of the pusher, the bar and the stem, then of the walls: the indices of shapes. */
  readonly #boxes: readonly Box[] = [new Float64Array(4), new Float64Array(4), new Float64Array(4), ...wallBoxes];
  #broadPhase = newBroadPhase();
  readonly #visit = (shape: number, other: number): void => this.#meet(shape, other);

  get angle(): number {
    return this.#angle;
  }

  /** World position of the tee's origin. */
  get teeX(): number {
    return this.#x + teeCogY * Math.sin(this.#angle);
  }

  get teeY(): number {
    return this.#y - teeCogY * Math.cos(this.#angle);
  }

  /**
   * A space made anew with the tee's origin at (x, y), nothing remembered, and one sub-step in which nothing moves yet: it
   * gives the tee the velocity with which the next one starts.
   */
  place(
    pusher: { readonly x: number; readonly y: number; readonly vx: number; readonly vy: number },
    tee: { readonly x: number; readonly y: number; readonly angle: number },
  ): void {
    this.pusherX = pusher.x;
    this.pusherY = pusher.y;
    this.pusherVx = pusher.vx;
    this.pusherVy = pusher.vy;
    this.#x = tee.x - teeCogY * Math.sin(tee.angle);
    this.#y = tee.y + teeCogY * Math.cos(tee.angle);
    this.#angle = tee.angle;
    this.#vx = 0;
    this.#vy = 0;
    this.#w = 0;
    this.#biasVx = 0;
    this.#biasVy = 0;
    this.#biasW = 0;
    this.#active.length = 0;
    for (const touch of this.#touches) forget(touch);
    this.#broadPhase = newBroadPhase();
    this.#pushTee();
  }

  /** 0.01 s. */
  subStep(): void {
    this.#integratePositions();
    this.#pushTee();
  }

  /** Finds what touches now and solves for the tee's velocity. */
  #pushTee(): void {
    this.#stamp += 1;
    for (const touch of this.#active) touch.state = 'lasting';
    this.#active.length = 0;
    this.#placeParts();
    this.#findContacts();
    this.#letGo();
    for (const touch of this.#active) this.#preStep(touch);
    // Damping 0 wipes what the tee had; only this sub-step's impulses move it.
    this.#vx = 0;
    this.#vy = 0;
    this.#w = 0;
    for (const touch of this.#active) if (touch.state !== 'first') this.#reapply(touch);
    for (let i = 0; i < iterations; i += 1) {
      for (const touch of this.#active) this.#solve(touch);
    }
  }

  #integratePositions(): void {
    this.pusherX += this.pusherVx * dt;
    this.pusherY += this.pusherVy * dt;
    this.#x += (this.#vx + this.#biasVx) * dt;
    this.#y += (this.#vy + this.#biasVy) * dt;
    this.#angle += (this.#w + this.#biasW) * dt;
    this.#biasVx = 0;
    this.#biasVy = 0;
    this.#biasW = 0;
  }

  #placeParts(): void {
    const cos = Math.cos(this.#angle);
    const sin = Math.sin(this.#angle);
    const originX = this.#x + teeCogY * sin;
    const originY = this.#y - teeCogY * cos;
    for (let p = 0; p < 2; p += 1) {
      const { corners, normals } = this.#parts[p] as Part;
      for (let i = 0; i < 8; i += 2) {
        const u = teeCorners[8 * p + i] as number;
        const v = teeCorners[8 * p + i + 1] as number;
        corners[i] = cos * u - sin * v + originX;
        corners[i + 1] = sin * u + cos * v + originY;
      }
      // Edges run -y, +x, +y, -x of the tee in this order of ends: corner 0 ends the left edge, 1 the upper, and so on.
      normals[0] = -cos;
      normals[1] = -sin;
      normals[2] = sin;
      normals[3] = -cos;
      normals[4] = cos;
      normals[5] = sin;
      normals[6] = -sin;
      normals[7] = cos;
    }
  }

  #findContacts(): void {
    const [pusher, bar, stem] = this.#boxes as [Box, Box, Box];
    pusher[0] = this.pusherX - pusherRadius;
    pusher[1] = this.pusherY - pusherRadius;
    pusher[2] = this.pusherX + pusherRadius;
    pusher[3] = this.pusherY + pusherRadius;
    boxAround(this.#parts[0].corners, bar);
    boxAround(this.#parts[1].corners, stem);
    // The tee's parts before the pusher: the order of Chipmunk's hash of shapes.
    this.#broadPhase.update(1, bar, this.#vx, this.#vy);
    this.#broadPhase.update(2, stem, this.#vx, this.#vy);
    this.#broadPhase.update(0, pusher, this.pusherVx, this.pusherVy);
    this.contactCount = 0;
    this.#broadPhase.visitPairs(this.#visit);
  }

  /** Finds the contacts of two shapes whose grown boxes overlap. Bar and stem are one body; the walls leave the pusher alone. */
  #meet(shape: number, other: number): void {
    const a = shape === 1 || shape === 2 ? other : shape;
    const b = shape === 1 || shape === 2 ? shape : other;
    if (a === 1 || a === 2 || (b !== 1 && b !== 2)) return;
    if (!overlap(this.#boxes[a] as Box, this.#boxes[b] as Box)) return;
    const touch = this.#touches[(a === 0 ? 0 : a - 2) * 2 + (b - 1)] as Touch;
    const part = this.#parts[touch.part];
    this.#swapContacts(touch);
    if (touch.wall < 0) collidePusher(this.pusherX, this.pusherY, part, touch);
    else collideWall(part, touch);
    if (touch.count === 0) {
      this.#swapContacts(touch);
      return;
    }
    this.#recall(touch);
    this.contactCount += touch.count;
    this.#active.push(touch);
  }

  #swapContacts(touch: Touch): void {
    [touch.contacts, touch.oldContacts] = [touch.oldContacts, touch.contacts];
    [touch.count, touch.oldCount] = [touch.oldCount, touch.count];
  }

  /** Makes the contacts relative to the bodies and gives them what was remembered of the same features. */
  #recall(touch: Touch): void {
    for (let i = 0; i < touch.count; i += 1) {
      const contact = touch.contacts[i] as Contact;
      if (touch.wall < 0) {
        contact.r1x -= this.pusherX;
        contact.r1y -= this.pusherY;
      }
      contact.r2x -= this.#x;
      contact.r2y -= this.#y;
      contact.impulse = 0;
      for (let j = 0; j < touch.oldCount; j += 1) {
        const old = touch.oldContacts[j] as Contact;
        if (old.feature === contact.feature) contact.impulse = old.impulse;
      }
    }
    if (touch.state === 'parted') touch.state = 'first';
    touch.stamp = this.#stamp;
  }

  #letGo(): void {
    for (const touch of this.#touches) {
      const missed = this.#stamp - touch.stamp;
      if (missed >= 1) touch.state = 'parted';
      if (missed >= persistence) forget(touch);
    }
  }

  #preStep(touch: Touch): void {
    const { nx, ny } = touch;
    const ax = touch.wall < 0 ? this.pusherX : 0;
    const ay = touch.wall < 0 ? this.pusherY : 0;
    for (let i = 0; i < touch.count; i += 1) {
      const c = touch.contacts[i] as Contact;
      const lever = c.r2x * ny - c.r2y * nx;
      c.normalMass = 1 / (1 + (lever * lever) / teeInertia);
      const distance = (c.r2x - c.r1x + (this.#x - ax)) * nx + (c.r2y - c.r1y + (this.#y - ay)) * ny;
      c.biasVelocity = (-biasPerStep * Math.min(0, distance + slop)) / dt;
      c.biasImpulse = 0;
    }
  }

  #reapply(touch: Touch): void {
    for (let i = 0; i < touch.count; i += 1) {
      const c = touch.contacts[i] as Contact;
      this.#push(touch, c, c.impulse);
    }
  }

  #push(touch: Touch, c: Contact, impulse: number): void {
    const jx = touch.nx * impulse;
    const jy = touch.ny * impulse;
    this.#vx += jx;
    this.#vy += jy;
    this.#w += (c.r2x * jy - c.r2y * jx) / teeInertia;
  }

  #solve(touch: Touch): void {
    const { nx, ny } = touch;
    const pusherVx = touch.wall < 0 ? this.pusherVx : 0;
    const pusherVy = touch.wall < 0 ? this.pusherVy : 0;
    for (let i = 0; i < touch.count; i += 1) {
      const c = touch.contacts[i] as Contact;
      const biasSpeed = (this.#biasVx - c.r2y * this.#biasW) * nx + (this.#biasVy + c.r2x * this.#biasW) * ny;
      const speed = (this.#vx - c.r2y * this.#w - pusherVx) * nx + (this.#vy + c.r2x * this.#w - pusherVy) * ny;

      const biasBefore = c.biasImpulse;
      c.biasImpulse = Math.max(biasBefore + (c.biasVelocity - biasSpeed) * c.normalMass, 0);
      const before = c.impulse;
      c.impulse = Math.max(before - speed * c.normalMass, 0);

      const jx = nx * (c.biasImpulse - biasBefore);
      const jy = ny * (c.biasImpulse - biasBefore);
      this.#biasVx += jx;
      this.#biasVy += jy;
      this.#biasW += (c.r2x * jy - c.r2y * jx) / teeInertia;
      this.#push(touch, c, c.impulse - before);
    }
  }
}

const wallBoxes: readonly Box[] = walls.map(([ax, ay, bx, by]) =>
  Float64Array.of(
    Math.min(ax, bx) - wallRadius,
    Math.min(ay, by) - wallRadius,
    Math.max(ax, bx) + wallRadius,
    Math.max(ay, by) + wallRadius,
  ),
);

/** As upstream builds it: walls, then the pusher at (256, 400), then the tee at (256, 300) with angle 0. */
function newBroadPhase(): BroadPhase {
  const moving = [
    Float64Array.of(241, 385, 271, 415),
    Float64Array.of(196, 300, 316, 330),
    Float64Array.of(241, 330, 271, 420),
  ];
  return new BroadPhase(moving, wallBoxes);
}

function boxAround(c: Float64Array, into: Box): void {
  into[0] = Math.min(c[0] as number, c[2] as number, c[4] as number, c[6] as number);
  into[1] = Math.min(c[1] as number, c[3] as number, c[5] as number, c[7] as number);
  into[2] = Math.max(c[0] as number, c[2] as number, c[4] as number, c[6] as number);
  into[3] = Math.max(c[1] as number, c[3] as number, c[5] as number, c[7] as number);
}

function newPart(): Part {
  return { corners: new Float64Array(8), normals: new Float64Array(8) };
}

function allTouches(): Touch[] {
  const touches: Touch[] = [];
  for (const wall of [-1, 0, 1, 2, 3]) for (const part of [0, 1] as const) touches.push(newTouch(wall, part));
  return touches;
}

function forget(touch: Touch): void {
  touch.count = 0;
  touch.oldCount = 0;
  touch.state = 'first';
  touch.stamp = Number.NEGATIVE_INFINITY;
}
