/** Requests and batches of late that quantiles are taken of. */
const remembered = 4096;
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128];

/** What a server has done so far, in the text format of Prometheus. */
export class Metrics {
  readonly #errors = new Map<string, number>();
  readonly #requests = new Times();
  readonly #inferences = new Times();
  readonly #batches = batchSizes.map(() => 0);
  #batched = 0;
  #restarts = 0;

  /** From the frame's arrival to the reply's being sent. */
  requestDone(milliseconds: number): void {
    this.#requests.add(milliseconds / 1000);
  }

  /** `code` is that of a problem, so there are few. */
  requestFailed(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** The policy's thread died, and another was started. */
  threadRestarted(): void {
    this.#restarts += 1;
  }

  batchDone(size: number, inferMs: number): void {
    this.#inferences.add(inferMs / 1000);
    this.#batched += size;
    batchSizes.forEach((limit, i) => {
      if (size <= limit) this.#batches[i] = (this.#batches[i] ?? 0) + 1;
    });
  }

  text({ waiting, connections }: { waiting: number; connections: number }): string {
    const errors = [...this.#errors].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...family('requests_total', 'counter', 'Requests that were answered with actions.', [['', this.#requests.count]]),
      ...family(
        'errors_total',
        'counter',
        'Requests that were refused or failed, by kind of problem.',
        errors.map(([code, count]) => [`{code="${code}"}`, count]),
      ),
      ...family('restarts_total', 'counter', "Times that the policy's thread died and was started again.", [
        ['', this.#restarts],
      ]),
      ...family('connections', 'gauge', 'Clients that are connected.', [['', connections]]),
      ...family('waiting_requests', 'gauge', 'Requests that wait for the policy.', [['', waiting]]),
      ...family('batch_size', 'histogram', 'Requests that were inferred at once.', [
        ...batchSizes.map((limit, i) => [`_bucket{le="${limit}"}`, this.#batches[i] ?? 0] as const),
        ['_bucket{le="+Inf"}', this.#inferences.count],
        ['_sum', this.#batched],
        ['_count', this.#inferences.count],
      ]),
      ...family('request_seconds', 'summary', 'From a request to its reply, of late.', this.#requests.lines()),
      ...family(
        'inference_seconds',
        'summary',
        "The policy's own time for a batch, of late.",
        this.#inferences.lines(),
      ),
      '',
    ].join('\n');
  }
}

type Line = readonly [suffix: string, value: number];

function family(name: string, type: string, help: string, lines: readonly Line[]): string[] {
  const full = `stet_policy_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...lines.map(([suffix, value]) => `${full}${suffix} ${value}`),
  ];
}

/** Durations in seconds: all counted and summed, the newest remembered for quantiles. */
class Times {
  count = 0;
  #sum = 0;
  readonly #newest = new Float64Array(remembered);

  add(seconds: number): void {
    this.#newest[this.count % remembered] = seconds;
    this.count += 1;
    this.#sum += seconds;
  }

  lines(): Line[] {
    const sorted = this.#newest.slice(0, Math.min(this.count, remembered)).sort();
    const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
    return [
      ['{quantile="0.5"}', at(0.5)],
      ['{quantile="0.99"}', at(0.99)],
      ['_sum', this.#sum],
      ['_count', this.count],
    ];
  }
}
