import { html, Html } from '../../tasks/report/page/html.ts';
import { drawingOfPlan } from './draw.ts';
import { graphSvg } from './graph-svg.ts';
import { countsOf, type NodeState, type RunState } from '../log/state.ts';
import { acceptedInWords } from '../words/accepted.ts';
import { count, duration, localTime } from '../words/quantities.ts';

const room = /<section id="this-run" hidden>\s*<!--stet:this-run-->\s*<\/section>/;

/** Whether a page was made with a place for the run that it came from. */
export function hasRoomForRun(page: string): boolean {
  return room.test(page);
}

/** The page with the run's graph and a table of its nodes. Results hold no clock, so this is added when a page is taken out. */
export function addRunSection(page: string, state: RunState): string {
  // A function, because text with `$&` in it would be taken for a pattern.
  return page.replace(room, () => thisRun(state).text);
}

function thisRun(state: RunState): Html {
  const { done, cached, failed, skipped } = countsOf(state);
  const took = state.endedAt === undefined ? undefined : duration((state.endedAt - state.startedAt) / 1000);
  const nodes = [...state.nodes.values()];
  return html`<section id="this-run">
<h2>The run</h2>
<p class="note">Run ${state.run} of ${state.pipeline}, started ${localTime(state.startedAt)}${took !== undefined && html`, ${took} long`}: ${count(nodes.length, 'node')}, ${done} ran, ${cached} cached${failed > 0 && `, ${failed} failed`}${skipped > 0 && `, ${skipped} skipped`}.</p>
<div class="wide">${new Html(graphSvg(drawingOfPlan(state)))}</div>
<div class="wide"><table>
<thead><tr><th>node</th><th>state</th><th class="number">time</th></tr></thead>
<tbody>
${nodes.map(row)}</tbody>
</table></div>
</section>`;
}

function row({ label, phase, seconds, accepted }: NodeState): Html {
  const time = seconds === undefined ? '' : duration(seconds);
  return html`<tr><td>${label}</td><td>${accepted ? acceptedInWords(accepted) : phase}</td><td class="number">${time}</td></tr>\n`;
}
