/**
 * The closed list of reasons. A reason is CamelCase, stable, and means the same in a condition, a comment, the waiting
 * page, a log line and a metric label. The text says what it means and, where a person must act, what to do.
 */
export const REASONS = {
  // Acceptance
  Accepted: 'The record is understood.',
  InvalidRecord: 'An attribute of the record cannot be understood. Correct it in the table; what runs keeps running.',
  UnknownProject: 'The record names a project that mayfly.yaml does not have.',
  ForkRefused: 'The pull request comes from a fork, whose code this project does not run.',
  NameTaken: 'Another branch already has this session id. Rename the branch.',
  // Images
  ImageFound: 'The image exists.',
  ImageNotFound: 'The registry has no image with this tag. Push it, or choose another label.',
  TaskDefinitionNotFound: "The project's base task definition does not exist or lacks the named container.",
  // Tasks
  NotWanted: 'Nobody wants this environment now.',
  TaskStarting: 'ECS is starting the task.',
  TaskRunning: 'The task is running.',
  TaskReplacing: 'A successor is starting beside the task that serves.',
  TaskGone: 'ECS no longer knows the task; it is replaced.',
  TaskExited: 'The task ended by itself.',
  TaskFailedToStart: 'ECS could not start the task.',
  OutOfMemory: 'The task used more memory than it has. Raise the memory of the project.',
  CapacityUnavailable: 'AWS has no capacity for the task at the moment; it is tried again.',
  StartDeadlineExceeded: 'The environment did not become ready in time.',
  CrashLoop: 'The app keeps crashing; it is restarted with growing pauses.',
  // The app
  Fetching: 'The code is being fetched and read.',
  Installing: 'Dependencies are being installed.',
  Building: 'The app is being built.',
  Starting: 'The app is starting.',
  CredentialNeeded:
    'The repository is private and the container has no credential for it. Set GITHUB_TOKEN in the task definition.',
  FetchFailed: 'The code could not be fetched. Does the branch still exist?',
  RecipeInvalid: '.mayfly.yml, or what was found in the repository, does not say how to run it. Correct it and push.',
  InstallFailed: 'Installing the dependencies failed. Push a fix.',
  BuildFailed: 'The build failed. Push a fix.',
  StartFailed: 'The app did not become healthy. Does it listen on $PORT?',
  AppUnhealthy: 'The app does not answer its health check.',
  AppCrashed: 'The app ended unexpectedly.',
  BranchNotFound: 'The branch does not exist any more.',
  // Routing
  Routed: 'The load balancer sends requests to the environment.',
  FrontDoor: 'The load balancer sends requests to the waiting page until the environment is healthy.',
  TargetUnhealthy: 'The load balancer finds the target unhealthy.',
  QuotaExceeded: 'A quota of the load balancer is used up; it is tried again.',
  RouteRemoved: 'The load balancer has no rule for the environment: not yet, or not any more.',
  // Ready, up to date
  Ready: 'The environment serves its branch.',
  UpToDate: 'The newest commit is live.',
  Updating: 'A newer commit is being built beside the one that serves.',
  UpdateFailed: 'The newer commit failed; the previous one keeps serving.',
  // Control port, reporting
  ControlReachable: 'The supervisor answers.',
  ControlUnreachable: "The supervisor's port 8080 cannot be reached. Allow it from the operator's security group.",
  Reported: 'The comment is up to date.',
  ReportRefused: 'GitHub refuses the comment. Check the token and its permissions.',
  GitHubUnavailable: 'GitHub cannot be reached; it is tried again.',
  // Removal, waiting
  Removing: 'The environment is being taken away.',
  Removed: 'A fresh listing finds nothing left.',
  Paused: 'A person paused this environment, or all of Mayfly.',
  AwsError: 'AWS refused a call; it is tried again with growing pauses.',
  AwsDenied: 'AWS denied a call. Check the permissions of the operator.',
  AwsUnavailable: 'AWS cannot be reached; it is tried again.',
  Throttled: 'AWS asked to slow down; it is tried again.',
  NotLeading: 'Another replica of Mayfly leads; it does the work.',
  Unknown: 'Not yet known.',
} as const;

export type Reason = keyof typeof REASONS;

export function isReason(value: string): value is Reason {
  return Object.hasOwn(REASONS, value);
}
