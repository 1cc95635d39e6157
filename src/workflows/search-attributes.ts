import { defineSearchAttributeKey } from '@temporalio/common';

/** By these a job is found in Temporal's Web UI and by the reconciler. Registered with the namespace. */
export const searchAttributes = {
  type: defineSearchAttributeKey('JobType', 'KEYWORD'),
  queue: defineSearchAttributeKey('JobQueue', 'KEYWORD'),
  pool: defineSearchAttributeKey('JobPool', 'KEYWORD'),
  /** RUNNING never stands here: a workflow cannot see it, and Temporal shows the pending activity as started itself. */
  status: defineSearchAttributeKey('JobStatus', 'KEYWORD'),
  priority: defineSearchAttributeKey('JobPriority', 'INT'),
  tags: defineSearchAttributeKey('JobTags', 'KEYWORD_LIST'),
} as const;
