/** Two arms of six joints and a gripper each. */
export const alohaWidth = 14;
const grippers = [6, 13];
/** Which way pi's robots count each joint, against ALOHA. */
const signs = [1, -1, -1, 1, 1, 1, 1, 1, -1, -1, 1, 1, 1, 1];

/**
 * One ALOHA state as pi's robots would report it (`adapt_to_pi`; src/openpi/policies/aloha_policy.py of openpi): joints in
 * radians with pi's signs, grippers from a linear position in [0, 1] to a share of the angle between pi's stops.
 */
export function stateToPi(state: Float64Array): void {
  for (const [d, sign] of signs.entries()) state[d] = sign * (state[d] as number);
  for (const d of grippers) state[d] = gripperToAngle(state[d] as number);
}

/** One commanded ALOHA action, in place: the inverse of what a served action goes through. */
export function actionToPi(action: Float64Array): void {
  for (const [d, sign] of signs.entries()) action[d] = sign * (action[d] as number);
  for (const d of grippers) {
    const { closed, open } = commandedGripperRad;
    action[d] = (action[d] as number) * (open - closed) + closed - piGripperRad.closed;
  }
}

/** Metres between the fingers' carriages: 0.01844 closed, 0.058 open. */
const fingerMetres = { closed: 0.01844, open: 0.058 };
/** Of the linkage that turns the servo's angle into the fingers' way, by its maker. */
const linkMetres = { arm: 0.036, horn: 0.022 };
/** 2405 and 3110 of 4096 counts, with zero at 2048. */
const piGripperRad = { closed: 0.5476, open: 1.6296 };
const commandedGripperRad = { closed: -0.6213, open: 1.491 };

function gripperToAngle(share: number): number {
  const { closed, open } = fingerMetres;
  const { arm, horn } = linkMetres;
  const linear = share * (open - closed) + closed;
  const sine = (horn * horn + linear * linear - arm * arm) / (2 * horn * linear);
  const angle = Math.asin(Math.min(1, Math.max(-1, sine)));
  return (angle - piGripperRad.closed) / (piGripperRad.open - piGripperRad.closed);
}
