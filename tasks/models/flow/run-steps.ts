import type { Attempt } from '../../core/spec.ts';
import type { TrainingState } from './optimizer.ts';

/** How often progress is told, in optimizer steps. */
const reportEvery = 20;

/**
 * Does optimizer steps until `steps` are done; `save` is called each time after a step that `isSaved` names, by its count.
 *
 * Everything a step does follows from the state, so a training that was cut short anywhere ends with the same bytes.
 */
export async function runSteps(
  state: TrainingState,
  train: (state: TrainingState) => number,
  plan: {
    readonly steps: number;
    readonly isSaved: (stepsDone: number) => boolean;
    readonly save: (state: TrainingState) => Promise<void>;
  },
  attempt: Pick<Attempt, 'report' | 'signal'>,
): Promise<void> {
  const { steps, isSaved, save } = plan;
  while (state.step < steps) {
    attempt.signal.throwIfAborted();
    const loss = train(state);
    if (state.step % reportEvery === 0 || state.step === steps) {
      attempt.report({ done: state.step, total: steps, unit: 'steps', metrics: { loss } });
      await new Promise((resume) => setImmediate(resume)); // lets the report out and the signal in
    }
    if (isSaved(state.step)) await save(state);
  }
}
