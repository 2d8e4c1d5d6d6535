import { readFile } from 'node:fs/promises';
import { createTasklane } from '@tasklane/sdk';

const lane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: process.env.TOKEN }).lane();
const report = await lane.transfer.import(JSON.parse(await readFile('tasklane.json', 'utf8')), { dry_run: true });
