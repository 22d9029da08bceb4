/** One contact point of two shapes a (pusher or wall) and b (a part of the tee). */
export interface Contact {
  /** Which features touch; the same number in the next sub-step is the same contact. */
  feature: number;
  /** From the bodies' centres of gravity to the contact on each surface. */
  r1x: number;
  r1y: number;
  r2x: number;
  r2y: number;
  /** Accumulated impulses along the normal: of velocities, kept between sub-steps, and of position correction, not kept. */
  impulse: number;
  biasImpulse: number;
  /** 1 / (effective mass)^-1 along the normal. */
  normalMass: number;
  /** Velocity along the normal that takes away the overlap. */
  biasVelocity: number;
}

/** What two shapes remember of each other while they touch, and for a few sub-steps after. */
export interface Touch {
  /** Shape a: -1 is the pusher, else the wall's index. Shape b: 0 is the bar, 1 the stem. */
  readonly wall: number;
  readonly part: 0 | 1;
  /** Unit normal from a to b. */
  nx: number;
  ny: number;
  count: number;
  contacts: [Contact, Contact];
  /** Contacts of the last sub-step in which the two touched. */
  oldCount: number;
  oldContacts: [Contact, Contact];
  /** `first`: touching anew, remembered impulses are not re-applied; `lasting`; `parted`: did not touch in the last sub-step. */
  state: 'first' | 'lasting' | 'parted';
  /** The last sub-step in which the two touched. */
  stamp: number;
}

export function newTouch(wall: number, part: 0 | 1): Touch {
  return {
    wall,
    part,
    nx: 0,
    ny: 0,
    count: 0,
    contacts: [newContact(), newContact()],
    oldCount: 0,
    oldContacts: [newContact(), newContact()],
    state: 'first',
    stamp: -1,
  };
}

function newContact(): Contact {
  return {
    feature: 0,
    r1x: 0,
    r1y: 0,
    r2x: 0,
    r2y: 0,
    impulse: 0,
    biasImpulse: 0,
    normalMass: 0,
    biasVelocity: 0,
  };
}
