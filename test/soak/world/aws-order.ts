/** How the process of the local AWS is told what to do: JSON, its only argument. */
export interface AwsOrder {
  readonly port: number;
  readonly stateDir: string;
  /** Addresses of tasks, as a CIDR block within 127.0.0.0/8. */
  readonly addresses: string;
}
