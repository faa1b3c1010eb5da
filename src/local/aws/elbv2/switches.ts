/** What AWS does not document: tests of its callers run both ways. */
export interface Switches {
  /** CreateTargetGroup with other tags than the group has is answered DuplicateTargetGroupName. */
  readonly comparesTags: boolean;
  /**
   * Registering a target that still drains is answered InvalidTarget. The user guide ("Register targets with your target
   * group") says that one must wait, and names no error; otherwise the target begins anew.
   */
  readonly refusesDrainingTargets: boolean;
}

export const defaultSwitches: Switches = { comparesTags: false, refusesDrainingTargets: false };
