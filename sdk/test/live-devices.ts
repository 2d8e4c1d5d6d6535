/** Devices of users with a copy in memory, against a running service. */
import { randomUUID } from 'node:crypto';
import { startTestService, type TestService, tokenOf } from '../../test/support/service';
import { until } from '../../test/support/until';
import { createTasklane, type Lane, type Task, type TokenSource } from '../src/index';
import { type LiveLane, type OpenLaneOptions, openLane } from '../src/live';

let service: TestService;
const opened: LiveLane[] = [];

/** Starts a service before the tests of a file, and closes the lanes after each test. */
export function useService(): void {
  beforeAll(async () => {
    service = await startTestService({ RATE_LIMIT: 'off', EVENTS_POLL_MS: '20' });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });
  afterAll(() => service.stop());
}

export interface Device {
  readonly live: LiveLane;
  /** The requests that change something. */
  readonly writes: Request[];
  /** Decides about each request: the answer instead of the service's, or what happens to it. */
  network: (request: Request, send: () => Promise<Response>) => Promise<Response>;
}

export const isWrite = (request: Request) => request.method !== 'GET';
export const offline = () => Promise.reject(new TypeError('fetch failed'));
export const online: Device['network'] = (_request, send) => send();
/** A network that treats writes differently. */
export const forWrites =
  (network: Device['network']): Device['network'] =>
  (request, send) =>
    isWrite(request) ? network(request, send) : send();

export const refusal = (status: number, code: string, retryAfter = '0') =>
  Response.json(
    { code, status, detail: code, request_id: 'r1', type: 'about:blank', title: code },
    { status, headers: { 'Retry-After': retryAfter } },
  );

interface DeviceOptions extends OpenLaneOptions {
  /** The token source of the client; null for none. By default the user's token. */
  readonly token?: TokenSource | null;
  readonly network?: Device['network'];
}

export async function openDevice(
  userId: string,
  { token, network = online, ...options }: DeviceOptions = {},
): Promise<Device> {
  const writes: Request[] = [];
  const fetch = (request: Request) => {
    if (isWrite(request)) writes.push(request.clone());
    return device.network(request, () => globalThis.fetch(request));
  };
  const source = token === null ? undefined : (token ?? (await tokenOf(userId)));
  const tasklane = createTasklane({ baseUrl: service.url, token: source, fetch });
  const device: Device = { network, writes, live: undefined as never };
  const live = await openLane(tasklane, userId, { storage: 'memory', ...options });
  opened.push(live);
  Object.assign(device, { live });
  return device;
}

/** The user's lane without a copy, as another device. */
export const laneOf = async (userId: string): Promise<Lane> =>
  createTasklane({ baseUrl: service.url, token: await tokenOf(userId) }).lane(userId);

/** A user with a device that has everything, and the user's lane without a copy. */
export async function makeUser(): Promise<Device & { lane: Lane; userId: string }> {
  const userId = randomUUID();
  const lane = await laneOf(userId);
  const device = await openDevice(userId);
  await settled(device.live);
  return Object.assign(device, { lane, userId });
}

export const settled = (live: LiveLane) =>
  until(() => live.status.complete && live.status.pending === 0 && live.status.connection === 'live');
export const titles = (tasks: readonly Task[]) => tasks.map((each) => each.title).sort();
export const storedTitles = async (lane: Lane) => titles((await lane.tasks.list()).items);
