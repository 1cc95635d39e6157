import proto, { type temporal } from '@temporalio/proto';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { compareVersions } from './version.ts';

/** What `NativeConnection` and `Connection` have in common, as far as it is needed here. */
export type Services = {
  workflowService: temporal.api.workflowservice.v1.WorkflowService;
  operatorService: temporal.api.operatorservice.v1.OperatorService;
};

export const MINIMUM_SERVER = '1.32.0';
const RETENTION_DAYS = 30;

/**
 * Makes a cluster ready for Millrace: its version is checked, the namespace and the search attributes are registered
 * where they are missing. Repeatable, and safe when several do it at once.
 *
 * @throws TemporalTooOld; the server's error for as long as it does not know yet what was registered (10 s by default), when all is to be done again.
 */
export async function prepareCluster({ workflowService, operatorService }: Services, namespace: string): Promise<void> {
  const { serverVersion } = await workflowService.getSystemInfo({});
  if (compareVersions(serverVersion, MINIMUM_SERVER) < 0) throw new TemporalTooOld(serverVersion);
  try {
    await workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: (RETENTION_DAYS * 86_400) as never },
    });
  } catch (error) {
    if ((error as { code?: number }).code !== GRPC_ALREADY_EXISTS) throw error;
  }
  const types = Object.values(searchAttributes).map((key) => [key.name, INDEXED_TYPES[key.type]] as const);
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = types.filter(([name]) => !customAttributes?.[name]);
  if (missing.length > 0) await operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) });
  await workflowService.countWorkflowExecutions({ namespace, query: BY_ALL });
}

export class TemporalTooOld extends Error {
  override name = 'TemporalTooOld';
  constructor(found: string) {
    super(
      `Temporal server ${found} is too old, Millrace needs ${MINIMUM_SERVER} or newer: before it, a changed priority is accepted and ignored, and a job cannot be stopped at once (worker commands). Update it, or take TEMPORAL_ADDRESS away to let Millrace start its own.`,
    );
  }
}

/** What the cluster lacks, in plain words; empty where it has all. */
export async function degradations(
  { workflowService }: Pick<Services, 'workflowService'>,
  namespace: string,
): Promise<{ part: string; message: string }[]> {
  const { namespaceInfo } = await workflowService.describeNamespace({ namespace });
  const has = namespaceInfo?.capabilities as Record<string, unknown> | undefined;
  const lacks = [];
  if (!has?.['workerHeartbeats'])
    lacks.push({
      part: 'worker heartbeats',
      message: 'the namespace does not offer worker heartbeats: a running job is stopped at its next heartbeat, up to 5 s late',
    });
  if (!has?.['workerCommands'])
    lacks.push({
      part: 'push cancel',
      message: 'frontend.WorkerCommandsEnabled is off: a running job is stopped at its next heartbeat, up to 5 s late',
    });
  return lacks;
}

const { IndexedValueType } = proto.temporal.api.enums.v1;
const INDEXED_TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KEYWORD_LIST: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
};
/** Counts nothing, but is refused by a server whose cache lacks one of them, as a job's start would be. The id is looked for by an index. */
const BY_ALL = [
  `WorkflowId = 'none'`,
  ...Object.values(searchAttributes).map(({ name, type }) => `${name} = ${type === 'INT' ? 0 : `'none'`}`),
].join(' AND ');
const GRPC_ALREADY_EXISTS = 6;
