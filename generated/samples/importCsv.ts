import { openAsBlob } from 'node:fs';
import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const report = await lane.transfer.importCsv(await openAsBlob('tasks.csv'), { dry_run: true });
