/**
 * Every metric of the operator. Names and meanings of `workqueue_*` and `reconcile_*` follow controller-runtime, under
 * the prefix `mayfly_`. Every label is bounded, and every series that can be known beforehand starts at zero.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const FAST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const PHASE_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const SLOW_SECONDS = [1, 2.5, 5, 10, 20, 30, 60, 90, 120, 180, 300, 600];

export type Metrics = ReturnType<typeof makeMetrics>;

// oxlint-disable-next-line max-lines-per-function -- a table: one entry a metric, nothing else
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    queueDepth: new Gauge({
      name: 'mayfly_workqueue_depth',
      help: 'Keys waiting in the queue.',
      labelNames: ['name', 'priority'],
      registers,
    }),
    queueAdds: new Counter({
      name: 'mayfly_workqueue_adds_total',
      help: 'Keys added to the queue.',
      labelNames: ['name'],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'mayfly_workqueue_queue_duration_seconds',
      help: 'How long a key waits before it is taken.',
      labelNames: ['name'],
      buckets: FAST_SECONDS,
      registers,
    }),
    workSeconds: new Histogram({
      name: 'mayfly_workqueue_work_duration_seconds',
      help: 'How long processing a key takes.',
      labelNames: ['name'],
      buckets: FAST_SECONDS,
      registers,
    }),
    queueRetries: new Counter({
      name: 'mayfly_workqueue_retries_total',
      help: 'Keys added again after a failure.',
      labelNames: ['name'],
      registers,
    }),
    reconciles: new Counter({
      name: 'mayfly_reconcile_total',
      help: 'Reconciles by result.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileErrors: new Counter({
      name: 'mayfly_reconcile_errors_total',
      help: 'Reconciles that ended in an error.',
      labelNames: ['controller'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'mayfly_reconcile_time_seconds',
      help: 'How long a reconcile takes.',
      labelNames: ['controller'],
      buckets: FAST_SECONDS,
      registers,
    }),
    activeWorkers: new Gauge({
      name: 'mayfly_active_workers',
      help: 'Reconciles that run now.',
      labelNames: ['controller'],
      registers,
    }),
    steps: new Counter({
      name: 'mayfly_steps_total',
      help: 'Steps applied, by kind and outcome.',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    environments: new Gauge({
      name: 'mayfly_environments',
      help: 'Environments by project and state.',
      labelNames: ['project', 'state'],
      registers,
    }),
    webhooks: new Counter({
      name: 'mayfly_webhooks_total',
      help: 'Webhooks received, by outcome and reason.',
      labelNames: ['outcome', 'reason'],
      registers,
    }),
    webhookSeconds: new Histogram({
      name: 'mayfly_webhook_duration_seconds',
      help: 'How long answering a webhook takes.',
      buckets: FAST_SECONDS,
      registers,
    }),
    awsCalls: new Counter({
      name: 'mayfly_aws_calls_total',
      help: 'AWS calls by service, operation and outcome.',
      labelNames: ['service', 'operation', 'outcome'],
      registers,
    }),
    awsSeconds: new Histogram({
      name: 'mayfly_aws_call_duration_seconds',
      help: 'How long AWS calls take, without the wait for the limiter.',
      labelNames: ['service', 'operation'],
      buckets: FAST_SECONDS,
      registers,
    }),
    githubCalls: new Counter({
      name: 'mayfly_github_calls_total',
      help: 'GitHub calls by operation and outcome.',
      labelNames: ['operation', 'outcome'],
      registers,
    }),
    comments: new Counter({
      name: 'mayfly_comments_total',
      help: 'Comments written to GitHub, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    labelToUrlSeconds: new Histogram({
      name: 'mayfly_label_to_url_seconds',
      help: 'From the moment an environment is wanted to its first healthy answer.',
      labelNames: ['project'],
      buckets: SLOW_SECONDS,
      registers,
    }),
    pushToLiveSeconds: new Histogram({
      name: 'mayfly_push_to_live_seconds',
      help: 'From the moment a commit is wanted to the moment it serves.',
      labelNames: ['project'],
      buckets: SLOW_SECONDS,
      registers,
    }),
    containerPhaseSeconds: new Histogram({
      name: 'mayfly_container_phase_seconds',
      help: 'How long the phases of starts and updates in the containers take, by phase and outcome.',
      labelNames: ['phase', 'outcome'],
      buckets: PHASE_SECONDS,
      registers,
    }),
    driftRepaired: new Counter({
      name: 'mayfly_drift_repaired_total',
      help: 'Owned things put back after somebody changed or removed them.',
      labelNames: ['kind'],
      registers,
    }),
    leader: new Gauge({
      name: 'mayfly_leader',
      help: 'Whether this replica leads (1) or stands by (0).',
      registers,
    }),
    leaderTransitions: new Counter({
      name: 'mayfly_leader_transitions_total',
      help: 'How often this replica began or ceased to lead.',
      registers,
    }),
    leaseRenewals: new Counter({
      name: 'mayfly_lease_renewals_total',
      help: 'Renewals of the lease by its holder, by outcome; one that is unknown may have been applied.',
      labelNames: ['outcome'],
      registers,
    }),
    orphans: new Gauge({
      name: 'mayfly_orphans',
      help: 'Owned things that no record names, by kind, whether they may be taken away or not.',
      labelNames: ['kind'],
      registers,
    }),
    orphansDeleted: new Counter({
      name: 'mayfly_orphans_deleted_total',
      help: 'Orphans that were taken away, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    orphansHeld: new Gauge({
      name: 'mayfly_orphans_held',
      help: 'Orphans wait, by reason: 1 when too many at once (limit), no record at all, an incomplete listing, or a pause.',
      labelNames: ['reason'],
      registers,
    }),
    frontDoorRequests: new Counter({
      name: 'mayfly_front_door_requests_total',
      help: 'Requests answered by the front door, by page.',
      labelNames: ['page'],
      registers,
    }),
  };
}

/** Every series that the gauge has, and may be of no more interest, tells 0. */
export async function setToZero<Label extends string>(gauge: Gauge<Label>): Promise<void> {
  for (const { labels } of (await gauge.get()).values) gauge.set(labels, 0);
}
