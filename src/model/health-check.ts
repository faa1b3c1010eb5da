/** How the load balancer checks an environment's targets: derived from few settings, and compared with what AWS shows. */
export interface HealthCheck {
  readonly path: string;
  readonly port: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Status codes that are healthy. */
  readonly matcher: string;
}

/** As AWS shows it. */
export type ShownHealthCheck = { readonly [Name in keyof HealthCheck]?: HealthCheck[Name] | undefined };

export interface HealthSettings {
  readonly healthPath: string;
  readonly healthIntervalSeconds: number;
}

/** The first passing check makes a new target healthy; the thresholds are for later (AWS-FACTS ELBv2 "ordering"). */
export function healthCheckOf({ healthPath, healthIntervalSeconds }: HealthSettings): HealthCheck {
  return {
    path: healthPath,
    port: 'traffic-port',
    intervalSeconds: healthIntervalSeconds,
    timeoutSeconds: Math.min(5, Math.max(2, healthIntervalSeconds - 1)),
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    matcher: '200',
  };
}

/** Names of what differs. A member that AWS does not show is taken to be right. */
export function healthCheckDrift(shown: ShownHealthCheck, wanted: HealthCheck): readonly string[] {
  const names = Object.keys(wanted) as (keyof HealthCheck)[];
  return names.filter((name) => shown[name] !== undefined && shown[name] !== wanted[name]);
}
